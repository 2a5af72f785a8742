"""What end-to-end tests in Python share: a server of the real binary ($TALLY_SERVER) on free ports, with a directory of its own."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SERVER = os.environ.get("TALLY_SERVER", "build/release/tally-server")
WAIT_S = 60


def free_port():
    """Outside of the range from which the kernel takes ports for outgoing connections."""
    while True:
        port = random.SystemRandom().randrange(10000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """Use with `with`. `options` may say {port}, {tls_port} and {directory}, ports and a directory of this server's own.
    Started once its banner is there; if it ends instead, that is an answer, too: `exit_code` and `log()`."""

    def __init__(self, *options):
        self.directory = Path(tempfile.mkdtemp(prefix="tally-test-"))
        self.options = options
        self.port = self.tls_port = 0
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory)

    @property
    def exit_code(self):
        return self.process.poll()

    def log(self):
        return (self.directory / "log").read_text(encoding="utf-8")

    def start(self):
        for _ in range(10):
            self.port, self.tls_port = free_port(), free_port()
            words = {"port": self.port, "tls_port": self.tls_port, "directory": self.directory}
            options = [option.format(**words) for option in self.options]
            if "--port" not in options:
                options += ["--port", str(self.port)]
            if "--admin-port" not in options:
                options += ["--admin-port", "0"]
            with (self.directory / "log").open("w", encoding="utf-8") as log:
                # pylint: disable-next=consider-using-with
                self.process = subprocess.Popen(
                    [SERVER, "--http-port", "0", "--dir", str(self.directory / "data"), *options],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
            deadline = time.monotonic() + WAIT_S
            while self.process.poll() is None and "Ctrl-C" not in self.log():
                if time.monotonic() > deadline:
                    raise AssertionError(self.log())
                time.sleep(0.01)
            # A port may have been taken since it was found free; that is nobody's fault.
            if not (self.process.poll() and f"port {self.port} " in self.log() and "is in use" in self.log()):
                return

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)

    def redis(self, *arguments, at=None):
        """What redis-cli prints. `at`: its options for another way in than the port."""
        way = ["-p", str(self.port)] if at is None else at
        done = subprocess.run(["redis-cli", *way, *arguments], capture_output=True, text=True, timeout=WAIT_S,
                              check=False)  # fmt: skip
        return (done.stdout + done.stderr).rstrip("\n")
