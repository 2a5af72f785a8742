"""The least connection there can be: sends the bytes it is given, reads replies. No client library has a part in it."""

import socket

TIMEOUT_SECONDS = 20


class ErrorReply(str):
    """The text of an error reply."""


class Push(list):
    """A message that is no reply (RESP3)."""


def encode(*arguments):
    """The bytes of one request."""
    request = b"*%d\r\n" % len(arguments)
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        request += b"$%d\r\n%s\r\n" % (len(data), data)
    return request


class Connection:
    """One blocking connection; bulk strings are returned as str. The type bytes of a reply are in `shape`."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.stream = self.socket.makefile("rb")
        self.shape = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def call(self, *arguments):
        self.send(encode(*arguments))
        return self.read()

    def read(self):
        """One whole reply."""
        self.shape = ""
        return self._read()

    def _read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = chr(line[0]), line[1:-2]
        self.shape += kind
        if kind in "+(,":
            return rest.decode()
        if kind == "-":
            return ErrorReply(rest.decode())
        if kind == ":":
            return int(rest)
        if kind == "_":
            return None
        if kind == "#":
            return rest == b"t"
        size = int(rest)
        if size < 0:
            return None
        if kind in "$=!":
            data = self.stream.read(size + 2)[:-2].decode(errors="surrogateescape")
            return ErrorReply(data) if kind == "!" else data[4:] if kind == "=" else data
        if kind in "*~":
            return [self._read() for _ in range(size)]
        if kind == ">":
            return Push(self._read() for _ in range(size))
        if kind == "%":
            return {self._read(): self._read() for _ in range(size)}
        raise ValueError(f"not RESP: {line!r}")
