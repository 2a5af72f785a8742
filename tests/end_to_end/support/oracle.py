"""What tests that compare with redis-server share: the server, and a client that gives replies byte for byte."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from support.server import WAIT_S, free_port

ORACLE = shutil.which("redis-server")


class Client:
    """Gives replies as the bytes that came; b"closed" once the connection is."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __call__(self, *arguments):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in arguments]
        request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        try:
            self.socket.sendall(request)
            return self.reply()
        except (ConnectionError, EOFError):
            return b"closed"

    def reply(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        kind, count = line[:1], line[1:-2]
        if kind in b"$=" and count != b"-1":
            return line + self.file.read(int(count) + 2)
        if kind in b"*~>%" and count != b"-1":
            replies = int(count) * (2 if kind == b"%" else 1)
            return line + b"".join(self.reply() for _ in range(replies))
        return line


class Oracle:
    """redis-server; use with `with`."""

    def __init__(self, *lines):
        self.directory = Path(tempfile.mkdtemp(prefix="tally-oracle-"))
        self.lines = lines
        self.port = free_port()
        self.process = None

    def __enter__(self):
        words = {"port": self.port, "directory": self.directory}
        lines = [line.format(**words) for line in self.lines]
        config = self.directory / "redis.conf"
        own = [f"port {self.port}", 'save ""', f"dir {self.directory}", "bind 127.0.0.1"]
        config.write_text("\n".join([*own, *lines]) + "\n", encoding="utf-8")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([ORACLE, str(config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)  # fmt: skip
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                Client(self.port).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError("redis-server does not come up")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory)
