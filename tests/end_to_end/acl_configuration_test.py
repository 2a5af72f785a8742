#!/usr/bin/env python3
"""Users of the configuration file, a start with wrong ones, and secrets that stay secret. $TALLY_SERVER names the server."""

import shutil
import tempfile
import unittest
from pathlib import Path

from support.oracle import Client
from support.server import WAIT_S, Server


class ConfigurationTest(unittest.TestCase):
    def start(self, *lines):
        directory = tempfile.mkdtemp(prefix="tally-test-")
        self.addCleanup(shutil.rmtree, directory)
        file = Path(directory) / "tally.conf"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def test_users_of_the_configuration_file(self):
        file = self.start("requirepass top", "# people", "user alice on >p ~a* +@all", 'user bob on nopass -@all "(+get ~b)"')
        with Server("--config", str(file)) as server:
            self.assertIn("NOAUTH", server.redis("PING"))
            self.assertEqual(server.redis("--user", "alice", "--pass", "p", "--no-auth-warning", "SET", "a1", "5"), "OK")
            self.assertIn("NOPERM", server.redis("--user", "alice", "--pass", "p", "--no-auth-warning", "SET", "b", "5"))
            admin = ("--pass", "top", "--no-auth-warning")
            self.assertEqual(server.redis(*admin, "ACL", "SETUSER", "carl", "on", ">x", "+@read", '~"q'), "OK")
            self.assertEqual(server.redis(*admin, "CONFIG", "REWRITE"), "OK")
            before = server.redis(*admin, "ACL", "LIST")
        text = file.read_text(encoding="utf-8")
        self.assertIn("# people\nuser alice on #148de9c5", text)
        self.assertNotIn(">p", text)
        with Server("--config", str(file)) as server:
            # Its line begins with a reset, which says so.
            self.assertEqual(server.redis(*admin, "ACL", "LIST").replace(" sanitize-payload", ""), before)

    def test_what_is_wrong_ends_the_start(self):
        for lines, words in (
            (["user a on foo"], ":1: user a: 'foo': Syntax error"),
            (["user a on", "user a off"], ":2: user 'a' is declared twice"),
            (["user a (+get"], "is not closed"),
            (["aclfile /nowhere/users.acl"], "Error loading ACLs, opening file '/nowhere/users.acl'"),
            (["aclfile /nowhere/users.acl", "user a on"], ":2: there are users here"),
        ):
            with Server("--config", str(self.start(*lines))) as server:
                self.assertEqual(server.process.wait(WAIT_S), 1)
                self.assertIn(words, server.log())

    def test_secrets_stay_secret(self):
        secret = "sEcReTwOrD"
        with Server("--slowlog-log-slower-than", "0", "--loglevel", "debug") as server:
            admin, watcher = Client(server.port), Client(server.port)
            self.assertEqual(watcher("MONITOR"), b"+OK\r\n")
            for request in (
                ["ACL", "SETUSER", "joe", "on", f">{secret}", "+@all", "~*", "&*"],
                ["ACL", "SETUSER", "joe", f"<{secret}", f">{secret}x", f"+{secret}"],
                ["ACL", "DRYRUN", "joe", "AUTH", "joe", secret],
                ["AUTH", secret],
                ["AUTH", "joe", secret],
                ["AUTH", "joe", secret + "wrong"],
                ["HELLO", "2", "AUTH", "joe", secret],
                ["CONFIG", "SET", "requirepass", secret],
                ["MULTI"],
                ["AUTH", "joe", secret],
                ["ACL", "SETUSER", "ann", f">{secret}"],
                ["EXEC"],
                ["ECHO", "the end"],
            ):
                admin(*request)
            told = admin("SLOWLOG", "GET", "100") + admin("INFO", "everything") + admin("CLIENT", "LIST") + admin("ACL", "LOG")
            told += admin("ACL", "LIST") + admin("LATENCY", "HISTOGRAM")
            seen = b""
            while b"the end" not in seen:
                seen += watcher.reply()
            for text in (told.decode(), seen.decode(), server.log()):
                self.assertNotIn(secret, text)
            self.assertIn("(redacted)", told.decode())
            self.assertIn("(redacted)", seen.decode())
            admin.close()
            watcher.close()

    def test_a_closed_default_user_counts_as_protection(self):
        for rule, exit_code in (("user default on >x +@all ~*", None), ("user default on nopass +@all ~*", 1)):
            with Server("--config", str(self.start("bind 0.0.0.0", rule))) as server:
                self.assertEqual(server.exit_code, exit_code, server.log())


if __name__ == "__main__":
    unittest.main()
