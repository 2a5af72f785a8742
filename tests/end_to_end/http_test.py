#!/usr/bin/env python3
"""The HTTP door of the real binary, over raw sockets and with curl: the contract, its limits, who may ask, what a kill leaves, broken
HTTP, and a stop. $TALLY_SERVER names the server; TALLY_SEED replays the broken requests."""

import base64
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support.server import free_port

SERVER = os.environ.get("TALLY_SERVER", "build/release/tally-server")
SCALE = float(os.environ.get("TALLY_TEST_SCALE", "1"))
SEED = int(os.environ.get("TALLY_SEED", random.SystemRandom().randrange(1 << 32)))
WAIT_S = 60
HOW_TO = b"Select a Durable Object to contact by using the `name` URL query string parameter. e.g. ?name=A"


def count(name, value):
    return b"Durable Object '" + name + b"' count: " + str(value).encode()


class Server:
    def __init__(self, *options):
        self.options = options
        self.directory = Path(tempfile.mkdtemp())
        self.process = None
        self.port = self.http_port = 0
        self.start()

    def start(self):
        for _ in range(10):
            self.port, self.http_port = free_port(), free_port()
            log = (self.directory / "log").open("a")
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                [SERVER, "--port", str(self.port), "--http-port", str(self.http_port), "--admin-port", "0", "--dir",
                 str(self.directory / "data"), *self.options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            log.close()
            deadline = time.monotonic() + WAIT_S
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", self.http_port)).close()
                    return
                except OSError:
                    time.sleep(0.01)
            self.kill()
        raise AssertionError((self.directory / "log").read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory)

    def redis(self, *arguments):
        return subprocess.run(["redis-cli", "-p", str(self.port), *arguments], capture_output=True, check=True,
                              text=True, timeout=WAIT_S).stdout.rstrip("\n")


class Client:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.http_port), timeout=WAIT_S)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """False at the end."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.received += data
        return data != b""

    def reply(self, without_body=False):
        """(status, fields, body) of one reply; None at the end."""
        while b"\r\n\r\n" not in self.received:
            if not self.receive():
                return None
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        line, *lines = head.split(b"\r\n")
        fields = {name.lower(): value for name, value in (field.split(b": ", 1) for field in lines)}
        size = 0 if without_body else int(fields.get(b"content-length", 0))
        while len(self.received) < size:
            if not self.receive():
                return None
        body, self.received = self.received[:size], self.received[size:]
        return int(line.split()[1]), fields, body

    def ask(self, target, method=b"GET", fields=b"Host: localhost\r\n", body=b""):
        self.send(method + b" " + target + b" HTTP/1.1\r\n" + fields + b"\r\n" + body)
        return self.reply(method == b"HEAD")

    def until_closed(self):
        while self.receive():
            pass
        return self.received


class HttpTest(unittest.TestCase):
    options = ()

    def setUp(self):
        self.server = Server(*self.options)
        self.addCleanup(self.server.remove)

    def body_of(self, client, target, **how):
        status, fields, body = client.ask(target, **how)
        self.assertEqual((status, fields[b"content-type"]), (200, b"text/plain;charset=UTF-8"), target)
        return body

    def curl(self, target, *options):
        """(status, body)."""
        done = subprocess.run(["curl", "-s", "--path-as-is", "-w", "\n%{http_code}", *options,
                               f"http://127.0.0.1:{self.server.http_port}{target}"], capture_output=True, check=True,
                              timeout=WAIT_S)
        body, status = done.stdout.rsplit(b"\n", 1)
        return int(status), body


class ContractTest(HttpTest):
    options = ("--threads", "2")

    def test_every_row(self):
        with Client(self.server) as client:
            for target in (b"/", b"/increment", b"/x?nam=A", b"/?name=", b"/?name", b"/increment?Name=A"):
                self.assertEqual(self.body_of(client, target), HOW_TO)
            rows = [(b"/?name=A", b"A", 0), (b"/increment?name=A", b"A", 1), (b"/decrement?name=B", b"B", -1),
                    (b"/other?name=A", b"A", "Not found"), (b"/increment/?name=A", b"A", "Not found"),
                    (b"/INCREMENT?name=A", b"A", "Not found"), (b"//increment?name=A", b"A", "Not found"),
                    (b"/%69ncrement?name=A", b"A", "Not found"), (b"/x/../increment?name=A", b"A", 2),
                    (b"/increment?name=a%20b", b"a b", 1), (b"/increment?name=a+b", b"a b", 2),
                    (b"/increment?name=C&name=A", b"C", 1), (b"/increment?name=%ff", "\ufffd".encode(), 1),
                    (b"/increment?name=%00", b"\0", 1), (b"/?name=A", b"A", 2)]
            for target, name, value in rows:
                self.assertEqual(self.body_of(client, target), count(name, value), target)
        self.assertEqual(self.server.redis("GET", "A"), "2")
        self.assertEqual(self.server.redis("DBSIZE"), "6")

    def test_every_row_with_curl(self):
        for target, body in (("/", HOW_TO), ("/?name=A", count(b"A", 0)), ("/increment?name=A", count(b"A", 1)),
                             ("/decrement?name=B", count(b"B", -1)), ("/other?name=A", count(b"A", "Not found")),
                             ("/x/../increment?name=A", count(b"A", 2)), ("/%69ncrement?name=A", count(b"A", "Not found")),
                             ("/increment?name=a+b", count(b"a b", 1)), ("/increment?name=%ff", count("\ufffd".encode(), 1))):
            self.assertEqual(self.curl(target), (200, body))
        self.assertEqual(self.curl("/increment?name=A", "--http1.0"), (200, count(b"A", 3)))
        self.assertEqual(self.curl("/increment?name=A", "-d", "x" * 60000), (200, count(b"A", 4)))
        self.assertEqual(self.curl("/increment?name=A", "-d", "x" * 70000)[0], 413)
        self.assertEqual(self.curl("/increment?name=A", "-d", "x", "-H", "Transfer-Encoding: chunked"), (200, count(b"A", 5)))
        self.assertEqual(self.curl("/increment?name=A", "-d", "x", "-H", "Expect: 100-continue"), (200, count(b"A", 6)))

    def test_every_method_does_the_same(self):
        with Client(self.server) as client:
            for i, method in enumerate((b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH")):
                self.assertEqual(self.body_of(client, b"/increment?name=A", method=method), count(b"A", i + 1))
            status, fields, body = client.ask(b"/increment?name=A", method=b"HEAD")
            self.assertEqual((status, fields[b"content-length"], body), (200, b"27", b""))
            self.assertEqual(self.body_of(client, b"/?name=A"), count(b"A", 7))

    def test_what_is_no_counter_is_a_conflict(self):
        self.server.redis("SET", "s", "x")
        self.server.redis("SET", "n", "9223372036854775807")
        with Client(self.server) as client:
            for path in (b"/", b"/increment", b"/decrement"):
                self.assertEqual(client.ask(path + b"?name=s")[::2], (409, b"ERR value is not an integer or out of range"))
            self.assertEqual(client.ask(b"/increment?name=n")[::2], (409, b"ERR increment or decrement would overflow"))
        self.assertEqual(self.server.redis("MGET", "s", "n"), "x\n9223372036854775807")

    def test_pipelines_and_the_end_of_a_connection(self):
        with Client(self.server) as client:
            client.send(b"GET /increment?name=A HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
            for i in range(500):
                self.assertEqual(client.reply()[2], count(b"A", i + 1))
            client.send(b"GET /increment?name=A HTTP/1.0\r\n\r\n")
            self.assertTrue(client.until_closed().endswith(count(b"A", 501)))
        with Client(self.server) as client:
            client.send(b"GET /increment?name=A HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            self.assertEqual(client.reply()[1][b"connection"], b"keep-alive")
            status, fields, body = client.ask(b"/?name=A", fields=b"Host: localhost\r\nConnection: close\r\n")
            self.assertEqual((status, fields[b"connection"], body), (200, b"close", count(b"A", 502)))
            self.assertEqual(client.until_closed(), b"")
        with Client(self.server) as client:  # a client that is done sending gets its replies
            client.send(b"GET /increment?name=A HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(client.until_closed().endswith(count(b"A", 503)))

    def test_what_is_too_large_is_told(self):
        for request, status in ((b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
                                (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 17000 + b"\r\n\r\n", 431),
                                (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300000, 413)):
            with Client(self.server) as client:
                client.send(request)
                got, fields, _ = client.reply()
                self.assertEqual((got, fields[b"connection"]), (status, b"close"))
                # An end, not a reset: that could come before the reply is read.
                self.assertEqual(client.socket.recv(1), b"")
                client.send(b"more")


class AccessTest(HttpTest):
    options = ("--http-allow-host", "tally.example")

    def test_strangers_are_refused_and_change_nothing(self):
        with Client(self.server) as client:
            for fields in (b"Host: evil.example\r\n", b"Host: localhost\r\nOrigin: http://evil.example\r\n", b"Host:\r\n",
                           b"Host: localhost\r\nOrigin: null\r\n", b"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"):
                for method in (b"GET", b"POST", b"OPTIONS"):
                    self.assertEqual(client.ask(b"/increment?name=A", method=method, fields=fields)[0], 403, fields)
            for fields in (b"Host: tally.example\r\n", b"Host: [::1]:1\r\n", b"Host: 127.0.0.1\r\nSec-Fetch-Site: none\r\n",
                           b"Host: localhost:8787\r\nOrigin: http://localhost:8787\r\nSec-Fetch-Site: same-origin\r\n"):
                self.assertEqual(client.ask(b"/?name=A", fields=fields)[::2], (200, count(b"A", 0)), fields)

    def test_a_password_is_asked_for_as_soon_as_there_is_one(self):
        host = b"Host: localhost\r\n"
        with Client(self.server) as client:
            self.assertEqual(client.ask(b"/increment?name=A")[0], 200)
            self.server.redis("CONFIG", "SET", "requirepass", "secret")
            status, fields, _ = client.ask(b"/increment?name=A")
            self.assertEqual((status, fields[b"www-authenticate"][:6]), (401, b"Basic "))
            for value in (b"Basic " + base64.b64encode(b"default:secret"), b"Bearer secret"):
                self.assertEqual(client.ask(b"/increment?name=A", fields=host + b"Authorization: " + value + b"\r\n")[0], 200)
                self.assertEqual(client.ask(b"/increment?name=A")[0], 401)
        self.assertEqual(self.curl("/?name=A", "-u", "default:secret"), (200, count(b"A", 3)))
        self.assertEqual(self.curl("/?name=A", "-u", "default:wrong")[0], 401)

    def test_config_tells_of_it(self):
        self.assertEqual(self.server.redis("CONFIG", "GET", "http-*"),
                         f"http-allow-host\ntally.example\nhttp-port\n{self.server.http_port}")


class LifeTest(HttpTest):
    def test_what_was_told_is_there_after_a_kill(self):
        for _ in range(max(1, int(3 * SCALE))):
            before = int(self.server.redis("GET", "A") or 0)
            told, threads = [0] * 8, []

            def ask(number):
                with Client(self.server) as client:
                    while True:
                        try:
                            reply = client.ask(b"/increment?name=A")
                        except OSError:
                            return
                        if reply is None:
                            return
                        told[number] = max(told[number], int(reply[2].rsplit(b" ", 1)[1]))

            for number in range(len(told)):
                threads.append(threading.Thread(target=ask, args=(number,)))
                threads[-1].start()
            while max(told) < before + 200:
                time.sleep(0.01)
            self.server.kill()
            for thread in threads:
                thread.join()
            self.server.start()
            value = int(self.server.redis("GET", "A"))
            self.assertGreaterEqual(value, max(told))
            self.assertLessEqual(value, max(told) + len(told))

    def test_a_client_that_sends_its_header_slowly_is_cut_off_and_others_are_served(self):
        with Client(self.server) as slow, Client(self.server) as other:
            slow.socket.settimeout(0.2)
            slow.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            deadline = time.monotonic() + WAIT_S
            while True:
                self.assertLess(time.monotonic(), deadline, "it is still there")
                self.assertEqual(other.ask(b"/")[0], 200)
                try:
                    slow.send(b"X")
                    if slow.socket.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break

    def test_connections_count_among_maxclients(self):
        self.server.redis("CONFIG", "SET", "maxclients", "2")
        with Client(self.server) as first, Client(self.server) as second:
            self.assertEqual(first.ask(b"/")[0], 200)
            self.assertEqual(second.ask(b"/")[0], 200)
            with Client(self.server) as third:
                self.assertEqual(third.reply()[0], 503)
                self.assertEqual(third.until_closed(), b"")
            self.assertIn("max number of clients", self.server.redis("PING"))
        deadline = time.monotonic() + WAIT_S
        while self.server.redis("PING") != "PONG":
            self.assertLess(time.monotonic(), deadline)

    def test_a_stop_does_not_wait_for_open_connections(self):
        with Client(self.server) as quiet, Client(self.server) as halfway, Client(self.server) as asking:
            self.assertEqual(quiet.ask(b"/")[0], 200)
            halfway.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx")
            self.assertEqual(asking.ask(b"/increment?name=A")[2], count(b"A", 1))
            self.assertEqual(self.server.stop(), 0)
            self.assertNotIn("unanswered", (self.server.directory / "log").read_text())
            self.assertEqual(quiet.until_closed(), b"")

    def test_a_port_in_use_is_told_with_its_option(self):
        done = subprocess.run([SERVER, "--port", "0", "--http-port", str(self.server.http_port), "--admin-port", "0", "--dir",
                               str(self.server.directory / "other")], capture_output=True, text=True, check=False, timeout=WAIT_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"port {self.server.http_port} on 127.0.0.1 is in use", done.stderr)
        self.assertIn("--http-port", done.stderr)
        self.assertFalse((self.server.directory / "other").exists())


PIECES = [b"GET ", b"POST ", b"HEAD", b" ", b"/", b"/increment?name=A", b"?", b"%", b"%ff", b"..", b"\\", b"#", b" HTTP/1.1\r\n",
          b" HTTP/1.0\r\n", b"HTTP/9.9", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"Host: localhost\r\n", b"Host:", b"Content-Length: ",
          b"Content-Length: 5\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n",
          b"5\r\nabcde\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n",
          b"Upgrade: h2c\r\n", b"Authorization: Basic =\r\n", b"Origin: \0\r\n", b": ", b"\t folded\r\n", b"\0", b"\xff\xfe",
          b"*3\r\n$3\r\nSET\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"x" * 3000, b"A: b\r\n" * 300]
GOOD = [b"GET /increment?name=f HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /?name=f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde",
        b"PUT /decrement?name=f HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nT: t\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
        b"GET /?name=f HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]


def broken(choice):
    if choice.random() < 0.5:
        return b"".join(choice.choices(PIECES, k=choice.randrange(1, 30)))
    data = bytearray(b"".join(choice.choices(GOOD, k=choice.randrange(1, 4))))
    for _ in range(choice.randrange(1, 6)):
        at = choice.randrange(len(data) + 1)
        kind = choice.randrange(3)
        if kind == 0:
            data[at:at + choice.randrange(1, 20)] = b""
        elif kind == 1:
            data[at:at] = choice.choice(PIECES)
        elif at < len(data):
            data[at] = choice.randrange(256)
    return bytes(data)


class BrokenTest(HttpTest):
    def test_broken_http_harms_nobody(self):
        choice = random.Random(SEED)
        print(f"TALLY_SEED={SEED}", file=sys.stderr)
        asked = 0
        with Client(self.server) as other:
            for number in range(max(1, int(2000 * SCALE))):
                data = broken(choice)
                with Client(self.server) as client:
                    try:
                        end = choice.randrange(len(data) + 1)
                        client.send(data[:end])
                        client.send(data[end:])
                        if choice.random() < 0.3:
                            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
                            continue
                        client.socket.shutdown(socket.SHUT_WR)
                        said = client.until_closed()
                    except OSError:
                        continue
                    self.assertTrue(said == b"" or said.startswith(b"HTTP/1.1 "), (SEED, number, data, said))
                if number % 5 == 0:
                    asked += 1
                    self.assertEqual(other.ask(b"/increment?name=other")[2], count(b"other", asked))
                self.assertIsNone(self.server.process.poll(), (SEED, number, data))
        self.assertEqual(self.server.stop(), 0)
        self.assertNotIn("ERROR: ", (self.server.directory / "log").read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
