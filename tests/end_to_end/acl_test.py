#!/usr/bin/env python3
"""Users and what they may do: the real binary answers as redis-server does, byte for byte, to sequences of requests of
several clients, and to random rules. $TALLY_SERVER names the server, $TALLY_SEED=n repeats a random run. Skipped where there is
no redis-server."""

import os
import random
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from support.acl_requests import RULES, SEQUENCES, TRIALS
from support.oracle import ORACLE, Client, Oracle
from support.server import Server

# What the table has beside Redis 7.0's commands.
YOUNGER = {b"waitaof", b"tally.inspect", b"increx", b"client|setinfo", b"client|no-touch", b"cluster|myshardid"}


def single_commands_sorted(reply):
    """Redis names single commands in the order of a hash table. Those that it lacks are left out, and so are lengths."""

    def in_order(found):
        words = [word for word in found.group(0).split(b" ") if word[1:] not in YOUNGER]
        return b" ".join([word for word in words if b"@" in word] + sorted(word for word in words if b"@" not in word))

    reply = re.sub(rb"[+-]@all(?: [+-][^ )\r]+)*", in_order, reply)
    return re.sub(rb"\$\d+\r\n(?=[^\r]*[+-]@all)", b"", reply)


def comparable(reply):
    """Without what depends on the moment, and on fields that a server has of its own."""
    reply = single_commands_sorted(reply)
    reply = re.sub(rb"(age-seconds\r\n)(?:\$\d+\r\n[^\r]*|,[^\r]*)\r\n", rb"\1", reply)
    reply = re.sub(rb"(client-info\r\n)\$\d+\r\n[^\r]*\r\n", rb"\1", reply)
    reply = re.sub(rb"(\r\nversion\r\n)\$\d+\r\n[^\r]*\r\n", rb"\1", reply)
    return re.sub(rb"(\r\nid\r\n):\d+", rb"\1", reply)


@unittest.skipIf(ORACLE is None, "there is no redis-server to compare with")
class DifferentialTest(unittest.TestCase):
    def compare(self, tally, oracle, request, context=""):
        ours, theirs = comparable(tally(*request)), comparable(oracle(*request))
        self.assertEqual(ours, theirs, f"{request} {context}")

    def test_sequences(self):
        with Server("--threads", "2") as server, Oracle() as oracle:
            clients = {}
            for line in SEQUENCES:
                name, *request = line.split()
                request = ["" if word == '""' else word for word in request]
                if name not in clients:
                    clients[name] = Client(server.port), Client(oracle.port)
                with self.subTest(line):
                    self.compare(*clients[name], request)
            for pair in clients.values():
                for client in pair:
                    client.close()

    def test_random_rules(self):
        seed = int(os.environ.get("TALLY_SEED", random.SystemRandom().randrange(2**32)))
        draw = random.Random(seed)
        context = f"(TALLY_SEED={seed})"
        with Server() as server, Oracle() as oracle:
            tally, redis = Client(server.port), Client(oracle.port)
            for number in range(400):
                name = f"u{draw.randrange(8)}"
                rules = [draw.choice(RULES) for _ in range(draw.randrange(1, 7))]
                self.compare(tally, redis, ["acl", "setuser", name, *rules], context)
                self.compare(tally, redis, ["acl", "getuser", name], f"after {rules} {context}")
                for _ in range(4):
                    self.compare(tally, redis, ["acl", "dryrun", name, *draw.choice(TRIALS).split()], context)
                if number % 20 == 0:
                    self.compare(tally, redis, ["acl", "list"], context)
                    self.compare(tally, redis, ["acl", "deluser", f"u{draw.randrange(8)}"], context)
            tally.close()
            redis.close()

    def test_names_and_rules_of_any_bytes(self):
        odd = [b"", b" ", b"a b", b"a\0b", b"a\r\nb", b"\xff", b">", b">\0", b"~\0", b"~a\tb", b"&\xff", b"+g\0et", b"%R~\xff"]
        with Server() as server, Oracle() as oracle:
            tally, redis = Client(server.port), Client(oracle.port)
            for word in odd:
                for request in (["acl", "setuser", word], ["acl", "setuser", "x", word], ["acl", "getuser", word],
                                ["acl", "dryrun", word, "get", "a"], ["acl", "dryrun", "x", "get", word],
                                ["acl", "dryrun", "x", word], ["acl", "deluser", word], ["auth", word, word],
                                ["acl", "getuser", "x"], ["client", "kill", "user", word]):  # fmt: skip
                    self.compare(tally, redis, request)
            tally.close()
            redis.close()

    def test_users_of_an_acl_file(self):
        files = [
            "user alice on nopass ~a* +@all\n\nuser bob on -@all +get (+set ~b)\n",
            "user default on nopass +@all ~*\n",
            "usr a on\n",
            "user\n",
            "user a on\nuser a off\n",
            "user a (+get\n",
            "user a b c +nosuch\nuser c zzz\n",
            'user "a b" on\n',
            "# comment\n",
            "user a on #zz\n",
            "user  x   on\n",
            "  user y on  \n",
            "user a on\nfoo\n",
            "",
        ]
        directory = tempfile.mkdtemp(prefix="tally-test-")
        self.addCleanup(shutil.rmtree, directory)
        tally_file, oracle_file = Path(directory) / "tally.acl", Path(directory) / "redis.acl"
        for file in (tally_file, oracle_file):
            file.write_text(files[0], encoding="utf-8")
        with Server("--aclfile", str(tally_file)) as server, Oracle(f"aclfile {oracle_file}") as oracle:
            self.check_acl_files(server, tally_file, oracle, oracle_file, files)

    def check_acl_files(self, server, tally_file, oracle, oracle_file, files):
        tally, redis = Client(server.port), Client(oracle.port)
        for text in files:
            tally_file.write_text(text, encoding="utf-8")
            oracle_file.write_text(text, encoding="utf-8")
            replies = [
                [client(*request).replace(str(path).encode(), b"FILE") for request in (["acl", "load"], ["acl", "list"])]
                for client, path in ((tally, tally_file), (redis, oracle_file))
            ]
            self.assertEqual(*[[single_commands_sorted(reply) for reply in each] for each in replies], text)
        for request in (["acl", "setuser", "zoe", "on", ">x", "~a", "+get"], ["acl", "save"], ["config", "set", "requirepass", "q"],
                        ["acl", "list"], ["acl", "load"], ["acl", "list"]):  # fmt: skip
            self.compare(tally, redis, request)
        self.assertEqual(tally_file.read_text(encoding="utf-8"), oracle_file.read_text(encoding="utf-8"))
        alice = [Client(server.port), Client(oracle.port)]
        for client in alice:
            self.assertEqual(client("auth", "zoe", "x"), b"+OK\r\n")
        self.compare(tally, redis, ["acl", "load"])
        self.assertEqual([client("get", "a") for client in alice], [b"closed", b"closed"])
        for client in (*alice, tally, redis):
            client.close()


if __name__ == "__main__":
    unittest.main()
