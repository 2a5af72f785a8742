#!/usr/bin/env python3
"""Where the real binary listens and whom it lets in: several addresses, a Unix socket, protected mode. $TALLY_SERVER names the server."""

import os
import socket
import stat
import subprocess
import unittest
from pathlib import Path

from support.server import WAIT_S, Server, free_port

ABSENT = "192.0.2.1"  # kept for documentation: no machine has it


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def own_address():
    """An IPv4 address of this machine which is not a loopback one, or None. What is sent to it stays on the machine."""
    words = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    return next((word for word in words if ":" not in word and not word.startswith("127.")), None)


def ask(address, port, request=b"PING\r\n"):
    """All that the server says until it closes."""
    with socket.create_connection((address, port), timeout=WAIT_S) as client:
        said = b""
        try:
            if request:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                said += data
        except ConnectionError:
            pass
        return said


class AddressesTest(unittest.TestCase):
    def test_several_addresses(self):
        with Server("--bind", f"127.0.0.1 127.0.0.2 -{ABSENT}", "--protected-mode", "no") as server:
            self.assertIsNone(server.exit_code, server.log())
            self.assertEqual(ask("127.0.0.1", server.port), b"+PONG\r\n")
            self.assertEqual(ask("127.0.0.2", server.port), b"+PONG\r\n")
            with self.assertRaises(ConnectionRefusedError):
                ask("127.0.0.3", server.port)
            self.assertIn(f"127.0.0.1:{server.port}, 127.0.0.2:{server.port}", server.log())
            self.assertEqual(server.redis("CONFIG", "GET", "bind"), f"bind\n127.0.0.1 127.0.0.2 -{ABSENT}")

    def test_an_address_that_is_not_here_ends_the_start(self):
        with Server("--requirepass", "x", "--bind", f"127.0.0.1 {ABSENT}") as server:
            self.assertEqual(server.exit_code, 1)
            self.assertIn(f"cannot listen on {ABSENT}", server.log())
        with Server("--requirepass", "x", "--bind", f"-{ABSENT}") as server:
            self.assertEqual(server.exit_code, 1, "nothing is left to listen on")

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_both_families(self):
        with Server("--bind", "* -::*", "--protected-mode", "no") as server:
            self.assertIsNone(server.exit_code, server.log())
            self.assertEqual(ask("127.0.0.1", server.port), b"+PONG\r\n")
            self.assertEqual(ask("::1", server.port), b"+PONG\r\n")
        with Server("--bind", "::1") as server:
            self.assertIn("addr=[::1]:", server.redis("CLIENT", "LIST", at=["-h", "::1", "-p", str(server.port)]))


class UnixSocketTest(unittest.TestCase):
    def test_it_is_a_way_in(self):
        with Server("--unixsocket", "{directory}/socket", "--unixsocketperm", "700") as server:
            path = server.directory / "socket"
            at = ["-s", str(path)]
            self.assertEqual(server.redis("INCR", "A", at=at), "1")
            self.assertEqual(server.redis("INCR", "A"), "2")
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700)
            client = server.redis("CLIENT", "INFO", at=at)
            self.assertIn(f" addr={path}:0 laddr={path}:0 ", client)
            self.assertIn(" flags=U ", client)
            self.assertEqual(server.redis("CONFIG", "GET", "unixsocketperm"), "unixsocketperm\n700")
            self.assertEqual(server.stop(), 0)
            self.assertFalse(path.exists(), "a clean stop takes its socket away")

    def test_it_may_be_the_only_one(self):
        with Server("--unixsocket", "{directory}/socket", "--port", "0", "--threads", "2") as server:
            at = ["-s", str(server.directory / "socket")]
            for number in range(1, 6):  # on both cores
                self.assertEqual(server.redis("INCR", "A", at=at), str(number))
            self.assertIn("tcp_port:0", server.redis("INFO", "server", at=at))
            self.assertIn(f"redis-cli -s {server.directory}/socket INCR A", server.log())

    def test_what_a_kill_leaves_is_replaced(self):
        with Server("--unixsocket", "{directory}/socket") as server:
            at = ["-s", str(server.directory / "socket")]
            self.assertEqual(server.redis("INCR", "A", at=at), "1")
            server.kill()
            self.assertTrue((server.directory / "socket").is_socket())
            server.start()
            self.assertEqual(server.redis("INCR", "A", at=at), "2")

    def test_nothing_else_is(self):
        with Server("--unixsocket", "{directory}/socket") as server:
            path = server.directory / "socket"
            with Server("--unixsocket", str(path)) as second:
                self.assertEqual(second.exit_code, 1)
                self.assertIn("another server does", second.log())
            self.assertEqual(server.redis("PING", at=["-s", str(path)]), "PONG")
            file = server.directory / "file"
            file.write_text("precious")
            with Server("--unixsocket", str(file)) as second:
                self.assertEqual(second.exit_code, 1)
                self.assertIn("no socket", second.log())
            self.assertEqual(file.read_text(), "precious")
        with Server("--unixsocket", "/tmp/" + "x" * 200) as server:
            self.assertEqual(server.exit_code, 1)
            self.assertIn("at most 107 bytes", server.log())
        with Server("--unixsocketperm", "888") as server:
            self.assertEqual(server.exit_code, 1)
            self.assertIn("octal", server.log())

    def test_another_socket_that_has_taken_its_place_stays(self):
        with Server("--unixsocket", "{directory}/socket") as server:
            path = server.directory / "socket"
            path.unlink()
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(str(path))
                self.assertEqual(server.stop(), 0)
                self.assertTrue(path.is_socket())


class ProtectedModeTest(unittest.TestCase):
    def test_an_open_door_needs_a_word(self):
        with Server("--bind", "*") as server:
            self.assertEqual(server.exit_code, 1)
            self.assertIn("--requirepass", server.log())
            self.assertIn("--protected-mode no", server.log())
            self.assertFalse((server.directory / "data").exists(), "nothing was touched")
        for options in (["--requirepass", "secret"], ["--protected-mode", "no"]):
            with Server("--bind", "*", *options) as server:
                self.assertIsNone(server.exit_code, server.log())
        with Server("--bind", "127.0.0.1 127.0.0.2") as server:
            self.assertIsNone(server.exit_code, server.log())

    @unittest.skipUnless(own_address(), "this machine has loopback addresses only")
    def test_strangers_are_sent_away_while_there_is_no_password(self):
        address = own_address()
        with Server("--bind", f"127.0.0.1 {address}", "--requirepass", "secret", "--unixsocket",
                    "{directory}/socket") as server:  # fmt: skip
            self.assertTrue(ask(address, server.port).startswith(b"-NOAUTH "))
            here = ["-p", str(server.port), "-a", "secret", "--no-auth-warning"]
            self.assertEqual(server.redis("CONFIG", "SET", "requirepass", "", at=here), "OK")
            self.assertTrue(ask(address, server.port, b"").startswith(b"-DENIED "))
            self.assertEqual(ask("127.0.0.1", server.port), b"+PONG\r\n")
            self.assertEqual(server.redis("PING", at=["-s", str(server.directory / "socket")]), "PONG")
            self.assertIn("rejected_connections:1", server.redis("INFO", "stats"))
            self.assertEqual(server.redis("CONFIG", "SET", "protected-mode", "no"), "OK")
            self.assertEqual(ask(address, server.port), b"+PONG\r\n")


class PortTest(unittest.TestCase):
    def test_a_port_in_use_is_said(self):
        port = free_port()
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            with Server("--port", str(port)) as server:
                self.assertEqual(server.exit_code, 1)
                self.assertIn(f"port {port} on 127.0.0.1 is in use", server.log())


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    unittest.main(verbosity=2)
