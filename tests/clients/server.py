"""A server to test clients with: on a free port, in a directory of its own, killed and started again at will."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 30


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def make_certificates(directory):
    """A CA, and a certificate for this machine that it has signed."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    def key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    openssl("req", "-x509", *key("ca"), "-out", "ca.crt", "-subj", "/CN=ca", "-days", "2")
    openssl("req", *key("server"), "-out", "server.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.crt", "-days", "2", "-extfile", "names")  # fmt: skip


class Server:
    """Tally ($TALLY_SERVER). `with` starts it; at the end it is killed and its directory removed."""

    def __init__(self, tls=False):
        self.directory = Path(tempfile.mkdtemp(prefix="tally-clients-"))
        self.ca_file = self.directory / "ca.crt"
        self.tls_port = free_port() if tls else 0
        if tls:
            make_certificates(self.directory)
        self.log = self.directory / "log"
        self.port = free_port() if tls else 0  # 0 would leave TLS alone
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def command(self):
        server = os.environ.get("TALLY_SERVER", "build/release/tally-server")
        # Two cores, so that clients meet what crosses them.
        return [server, "--port", str(self.port), "--dir", str(self.directory / "data"), "--threads", "2",
                "--http-port", "0", "--admin-port", "0", *self.tls_options()]

    def tls_options(self):
        if not self.tls_port:
            return []
        return ["--tls-port", str(self.tls_port), "--tls-cert-file", str(self.directory / "server.crt"),
                "--tls-key-file", str(self.directory / "server.key"), "--tls-auth-clients", "no"]  # fmt: skip

    def start(self):
        with self.log.open("w", encoding="utf-8") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(encoding="utf-8", errors="replace")
                self.__exit__()
                raise RuntimeError(f"the server did not start: {said}")
            time.sleep(0.02)

    def is_ready(self):
        """Its banner says the port, which it chose itself the first time."""
        banner = re.search(r"^ *redis +127\.0\.0\.1:(\d+)$", self.log.read_text(encoding="utf-8"), re.MULTILINE)
        if banner:
            self.port = int(banner[1])
        return banner is not None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def restart(self):
        """As after a crash: kill -9, then a start on the same port and directory."""
        self.kill()
        self.start()


class RedisServer(Server):
    """The oracle: redis-server, which keeps nothing."""

    def command(self):
        self.port = free_port()
        return [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--dir", str(self.directory), "--daemonize", "no",
        ]  # fmt: skip

    def is_ready(self):
        return "Ready to accept connections" in self.log.read_text(encoding="utf-8")
