#!/usr/bin/env python3
"""TLS of the real binary: who is let in, what stays hidden, certificates that change while it serves, and what a start refuses.
$TALLY_SERVER names the server."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.server import WAIT_S, Server


class Certificates:
    """A CA, and certificates that it has signed, as files of a directory of their own."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="tally-test-"))
        self.run("req", "-x509", *self.new_key("ca"), "-out", "ca.crt", "-subj", "/CN=ca", "-days", "2")
        for name in ("server", "second", "client"):
            self.run("req", *self.new_key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
            (self.directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
            self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                     "-out", f"{name}.crt", "-days", "2", "-extfile", "names")  # fmt: skip

    @staticmethod
    def new_key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True, timeout=WAIT_S)

    def file(self, name):
        return str(self.directory / name)

    def options(self, *more, name="server", auth="no"):
        return ["--tls-port", "{tls_port}", "--tls-cert-file", self.file(f"{name}.crt"), "--tls-key-file",
                self.file(f"{name}.key"), "--tls-ca-cert-file", self.file("ca.crt"), "--tls-auth-clients", auth,
                *more]  # fmt: skip

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.file("ca.crt"))
        if client:
            context.load_cert_chain(self.file(f"{client}.crt"), self.file(f"{client}.key"))
        return context


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certificates.directory)

    def connect(self, server, client=None, context=None):
        raw = socket.create_connection(("127.0.0.1", server.tls_port), timeout=WAIT_S)
        context = context or self.certificates.context(client)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")

    @staticmethod
    def ask(client, request, end=b"\r\n"):
        client.sendall(request)
        said = bytearray()
        while not said.endswith(end):
            data = client.recv(1 << 16)
            if not data:
                break
            said += data
        return bytes(said)

    def name_of(self, client):
        return dict(pair[0] for pair in client.getpeercert()["subject"])["commonName"]

    def test_it_is_the_same_server(self):
        with Server(*self.certificates.options(), "--threads", "2") as server:
            self.assertIn(f"tls         127.0.0.1:{server.tls_port}\n", server.log())
            self.assertEqual(server.redis("INCR", "A"), "1")
            at = ["-p", str(server.tls_port), "--tls", "--cacert", self.certificates.file("ca.crt")]
            self.assertEqual(server.redis("INCR", "A", at=at), "2")
            with self.connect(server) as client:
                self.assertEqual(self.ask(client, b"INCR A\r\n"), b":3\r\n")
                for name in range(20):  # on both cores
                    self.assertEqual(self.ask(client, b"INCR k%d\r\n" % name), b":1\r\n")
            server.kill()
            server.start()
            self.assertEqual(server.redis("GET", "A"), "3")

    def test_much_at_once(self):
        with Server(*self.certificates.options()) as server, self.connect(server) as client:
            value = os.urandom(5 << 20)
            request = b"*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$%d\r\n%s\r\n" % (len(value), value)
            self.assertEqual(self.ask(client, request), b"+OK\r\n")
            reply = b"$%d\r\n%s\r\n" % (len(value), value)
            client.sendall(b"GET v\r\n" * 3)
            said = bytearray()
            while len(said) < 3 * len(reply):
                said += client.recv(1 << 20)
            self.assertTrue(said == 3 * reply)
            count = 20000
            last = b":%d\r\n" % count
            self.assertEqual(self.ask(client, b"INCR n\r\n" * count, last).count(b"\r\n"), count)

    def test_messages_come_unasked(self):
        with Server(*self.certificates.options()) as server, self.connect(server) as client:
            self.assertIn(b"subscribe", self.ask(client, b"SUBSCRIBE news\r\n", b":1\r\n"))
            self.assertEqual(server.redis("PUBLISH", "news", "hello"), "1")
            self.assertTrue(client.recv(1000).endswith(b"$5\r\nhello\r\n"))

    def test_goodbye_is_answered(self):
        with Server(*self.certificates.options()) as server, self.connect(server) as client:
            client.sendall(b"INCR A\r\n")
            self.assertEqual(client.recv(100), b":1\r\n")
            client.settimeout(WAIT_S)
            client.unwrap().close()  # sends its goodbye and waits for the server's, or the end
        with Server(*self.certificates.options()) as server, self.connect(server) as client:
            self.assertEqual(self.ask(client, b"QUIT\r\n", b"never"), b"+OK\r\n")

    def test_who_must_show_a_certificate(self):
        with Server(*self.certificates.options(auth="yes")) as server:
            with self.connect(server, "client") as client:
                self.assertEqual(self.ask(client, b"PING\r\n"), b"+PONG\r\n")
            with self.assertRaises((ssl.SSLError, ConnectionError)), self.connect(server) as client:
                if self.ask(client, b"PING\r\n") == b"":  # cut off without a word
                    raise ConnectionError
            self.assertEqual(server.redis("CONFIG", "SET", "tls-auth-clients", "optional"), "OK")
            with self.connect(server) as client:
                self.assertEqual(self.ask(client, b"PING\r\n"), b"+PONG\r\n")

    def test_certificates_change_while_it_serves(self):
        def set_files(server, cert, key):
            return server.redis("CONFIG", "SET", "tls-cert-file", cert, "tls-key-file", key, "timeout", "77")

        file = self.certificates.file
        with Server(*self.certificates.options()) as server, self.connect(server) as old:
            self.assertEqual(self.name_of(old), "server")
            refused = set_files(server, file("second.crt"), file("client.key"))
            self.assertIn("ERR CONFIG SET failed (possibly related to argument 'tls-cert-file') - ", refused)
            self.assertIn("tls-key-file", set_files(server, file("second.crt"), file("none.key")))
            self.assertEqual(server.redis("CONFIG", "GET", "tls-cert-file"), "tls-cert-file\n" + file("server.crt"))
            self.assertEqual(server.redis("CONFIG", "GET", "timeout"), "timeout\n0", "all or nothing")
            with self.connect(server) as client:
                self.assertEqual(self.name_of(client), "server")
            self.assertEqual(set_files(server, file("second.crt"), file("second.key")), "OK")
            with self.connect(server) as client:
                self.assertEqual(self.name_of(client), "second")
            self.assertEqual(self.ask(old, b"PING\r\n"), b"+PONG\r\n", "who is there stays")
            # The same names with another content are read again.
            for end in ("crt", "key"):
                shutil.copy(file(f"server.{end}"), file(f"copy.{end}"))
            self.assertEqual(set_files(server, file("copy.crt"), file("copy.key")), "OK")
            for end in ("crt", "key"):
                shutil.copy(file(f"second.{end}"), file(f"copy.{end}"))
            self.assertEqual(set_files(server, file("copy.crt"), file("copy.key")), "OK")
            with self.connect(server) as client:
                self.assertEqual(self.name_of(client), "second")

    def test_the_password_of_the_key(self):
        self.certificates.run("ec", "-in", "server.key", "-aes128", "-passout", "pass:sesame", "-out", "locked.key")
        locked = ["--tls-key-file", self.certificates.file("locked.key")]
        with Server(*self.certificates.options(), *locked, "--tls-key-file-pass", "sesame") as server:
            with self.connect(server) as client:
                self.assertEqual(self.ask(client, b"PING\r\n"), b"+PONG\r\n")
            self.assertEqual(server.redis("SLOWLOG", "RESET"), "OK")
            server.redis("CONFIG", "SET", "slowlog-log-slower-than", "0")
            server.redis("CONFIG", "SET", "tls-key-file-pass", "sesame")
            self.assertNotIn("sesame", server.redis("SLOWLOG", "GET"))
            self.assertNotIn("sesame", server.log())
        with Server(*self.certificates.options(), *locked, "--tls-key-file-pass", "wrong") as server:
            self.assertEqual(server.exit_code, 1)
            self.assertIn("cannot use --tls-key-file", server.log())
            self.assertNotIn("wrong ", server.log())

    def test_a_start_without_what_it_needs(self):
        for options, said in (
            (["--tls-port", "{tls_port}"], "TLS needs --tls-cert-file and --tls-key-file"),
            (self.certificates.options(name="none"), "cannot use --tls-cert-file"),
            ([*self.certificates.options(auth="yes"), "--tls-ca-cert-file", ""], "--tls-ca-cert-file"),
            ([*self.certificates.options(), "--tls-protocols", "TLSv1.1"], "TLSv1.2"),
        ):
            with Server(*options) as server:
                self.assertEqual(server.exit_code, 1, options)
                self.assertIn(said, server.log())

    def test_old_protocols_and_other_languages_harm_nobody(self):
        with Server(*self.certificates.options()) as server, self.connect(server) as other:
            for said in (b"PING\r\n", b"GET / HTTP/1.1\r\n\r\n", os.urandom(3000), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"):
                with socket.create_connection(("127.0.0.1", server.tls_port), timeout=WAIT_S) as client:
                    try:
                        client.sendall(said)
                        client.shutdown(socket.SHUT_WR)
                        heard = b""
                        while data := client.recv(1000):
                            heard += data
                    except ConnectionError:
                        pass
                    self.assertNotIn(b"PONG", heard)
            self.assertEqual(self.ask(other, b"PING\r\n"), b"+PONG\r\n")
            self.assertEqual(server.redis("INCR", "A"), "1")
            context = self.certificates.context()
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.connect(server, context=context) as client:
                self.assertEqual(client.version(), "TLSv1.2")
            self.assertEqual(server.redis("CONFIG", "SET", "tls-protocols", "TLSv1.3"), "OK")
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.connect(server, context=context)

    def test_only_tls(self):
        with Server("--port", "0", *self.certificates.options()) as server:
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", server.port))
            with self.connect(server) as client:
                self.assertEqual(self.ask(client, b"PING\r\n"), b"+PONG\r\n")
                self.assertIn(b"\r\nport\r\n$1\r\n0\r\n", self.ask(client, b"CONFIG GET port\r\n", b"0\r\n"))


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    unittest.main(verbosity=2)
