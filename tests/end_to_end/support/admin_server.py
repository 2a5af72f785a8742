"""A server with its admin door open."""

import json
import socket

from support.server import WAIT_S, Server, free_port


class AdminServer(Server):
    """On an admin port of its own."""

    def __init__(self, *options):
        self.admin_port = free_port()
        super().__init__("--admin-port", str(self.admin_port), *options)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.admin_port), timeout=WAIT_S)

    def ask(self, target, fields="Host: localhost\r\n"):
        """(status, fields, body)."""
        with self.connect() as client:
            client.sendall(f"GET {target} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n".encode())
            with client.makefile("rb") as reader:
                head, body = reader.read().split(b"\r\n\r\n", 1)
        line, *lines = head.decode().split("\r\n")
        return int(line.split()[1]), dict(field.split(": ", 1) for field in lines), body.decode()

    def json(self, target):
        status, fields, body = self.ask(target)
        assert fields["Content-Type"] == "application/json", fields
        return status, json.loads(body)

    def events(self, count, reader):
        """The next ones."""
        events = []
        while len(events) < count:
            line = reader.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                events.append(json.loads(line[6:]))
        return events
