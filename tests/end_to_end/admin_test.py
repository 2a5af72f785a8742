#!/usr/bin/env python3
"""The admin door of the real binary: health, metrics, key lookup and events, over raw sockets. promtool, where there is one, checks the
metrics. $TALLY_SERVER names the server."""

import base64
import json
import math
import re
import shutil
import subprocess
import time
import unittest

from support.admin_server import AdminServer
from support.server import SERVER, WAIT_S


NAME = re.compile(r"[a-z_]+")
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


def read_metrics(text):
    """{sample: value}, and a failed assertion where the format is not what its description says."""
    samples, family, kind, seen = {}, None, None, set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in seen and NAME.fullmatch(family) and len(line.split(" ", 3)[3]) > 3, line
            seen.add(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in ("counter", "gauge", "histogram"), line
            assert (kind == "counter") == name.endswith("_total"), line
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            assert match[1] in [family + suffix for suffix in suffixes], line
            sample = line.rsplit(" ", 1)[0]
            assert sample not in samples, line
            samples[sample] = float(match[3])
            assert kind == "gauge" or samples[sample] >= 0 or math.isinf(samples[sample]), line
    return samples


class AdminTest(unittest.TestCase):
    def test_health(self):
        with AdminServer() as server:
            self.assertEqual(server.json("/healthz"), (200, {"alive": True, "reason": "it answers"}))
            self.assertEqual(server.json("/readyz"), (200, {"ready": True, "reason": "reads and writes are served"}))
            server.redis("CLIENT", "PAUSE", "100000", "WRITE")
            status, ready = server.json("/readyz")
            self.assertEqual((status, ready["ready"]), (503, False))
            server.redis("CLIENT", "UNPAUSE")
            self.assertEqual(server.json("/readyz")[0], 200)
            self.assertEqual(server.json("/nothing")[0], 404)
            self.assertIn(f"http://127.0.0.1:{server.admin_port}/", server.log())

    def test_metrics_are_prometheus_s_and_true(self):
        with AdminServer("--threads", "2") as server:
            for i in range(100):
                server.redis("INCR", f"k{i % 10}")
            server.redis("INCR", "k1", "k2")
            server.redis("SET", "s", "text")
            server.redis("INCR", "s")
            server.redis("GET", "k1")
            server.redis("GET", "missing")
            server.redis("SAVE")
            time.sleep(0.5)
            status, fields, text = server.ask("/metrics")
            self.assertEqual((status, fields["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
            metrics = read_metrics(text)
            self.assertEqual(metrics['tally_commands_total{command="incr"}'], 101)
            self.assertEqual(metrics['tally_command_errors_total{command="incr",kind="rejected"}'], 1)
            self.assertEqual(metrics['tally_command_errors_total{command="incr",kind="failed"}'], 1)
            self.assertEqual(metrics['tally_command_duration_seconds_count{command="incr"}'], 101)
            self.assertGreater(metrics['tally_command_duration_seconds_sum{command="incr"}'], 0)
            self.assertEqual(metrics['tally_command_duration_seconds_bucket{command="incr",le="+Inf"}'], 101)
            self.assertEqual(metrics["tally_objects"], 11)
            for name, value in (("resident_objects", 11), ("keyspace_hits_total", 1), ("keyspace_misses_total", 1)):
                of_shards = [metrics[f'tally_{name}{{shard="{shard}"}}'] for shard in (0, 1)]
                self.assertEqual(sum(of_shards), value, name)
            self.assertEqual(metrics["tally_checkpoints_total"], 1)
            for name in ("commits", "commit_bytes", "syncs", "sync_seconds", "store_log_syncs", "store_log_bytes_written"):
                self.assertGreater(metrics[f"tally_{name}_total"], 0, name)
            self.assertGreater(sum(metrics[f'tally_held_reply_seconds_total{{shard="{shard}"}}'] for shard in (0, 1)), 0)
            self.assertEqual(metrics["tally_ready"], 1)
            promtool = shutil.which("promtool")
            if promtool:
                done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_key(self):
        with AdminServer() as server:
            server.redis("SET", "A", "41", "EX", "100")
            server.redis("-n", "5", "SET", 'a "b" é', "x" * 5000)
            status, key = server.json("/key?name=A")
            self.assertEqual((status, key["type"], key["value"], key["was"]), (200, "string", "41", "resident"))
            self.assertTrue(0 < key["ttl_ms"] <= 100_000)
            _, key = server.json("/key?name=a+%22b%22+%C3%A9&db=5")
            self.assertEqual((key["name"], key["value"], key["value_bytes"], key["cut"], key["ttl_ms"]),
                             ('a "b" é', "x" * 4096, 5000, True, -1))
            self.assertEqual(server.json("/key?name=none"), (404, {"error": "there is no such key"}))
            self.assertEqual(server.json("/key?name=A&db=99")[0], 400)
            self.assertEqual(server.json("/key")[0], 400)
            server.kill()
            server.start()
            self.assertEqual(server.json("/key?name=A")[1]["value"], "41")

    def test_events(self):
        with AdminServer() as server, server.connect() as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with client.makefile("rb") as reader:
                start = time.monotonic()
                before = server.events(1, reader)[0]
                for _ in range(20):
                    server.redis("INCR", "A")
                after = server.events(4, reader)[-1]
            self.assertGreater(time.monotonic() - start, 2)
            self.assertGreaterEqual(after["requests"] - before["requests"], 20)
            self.assertEqual(after["objects"]["all"], 1)
            self.assertGreater(after["commit"]["sync_s"], before["commit"]["sync_s"])
            self.assertIn("incr", [row["command"] for row in after["slowest"]])
            self.assertEqual(sum(calls for _, calls in after["latency"]), sum(row["calls"] for row in after["slowest"]))

    def test_a_stop_does_not_wait_for_who_watches(self):
        with AdminServer() as server, server.connect() as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(client.recv(1))
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - start, 4)

    def test_strangers_and_those_without_the_password_are_refused(self):
        with AdminServer("--requirepass", "secret") as server:
            for target in ("/", "/metrics", "/healthz", "/key?name=A", "/events"):
                self.assertEqual(server.ask(target)[0], 401)
                self.assertEqual(server.ask(target, "Host: evil.example\r\nAuthorization: Bearer secret\r\n")[0], 403)
            authorized = "Host: localhost\r\nAuthorization: Bearer secret\r\n"
            self.assertEqual(server.ask("/readyz", authorized)[0], 200)
            status, fields, body = server.ask("/", authorized)
            self.assertEqual((status, fields["Content-Type"]), (200, "text/html;charset=UTF-8"))
            self.assertTrue(fields["Content-Security-Policy"].startswith("default-src 'none'; "))
            self.assertIn("<title>Tally</title>", body)

    def test_a_user_is_told_what_it_may_ask_for(self):
        with AdminServer() as server:
            server.redis("SET", "hits:home", "41")
            server.redis("ACL", "SETUSER", "counter", "on", ">pw", "~hits:*", "+tally.inspect")
            server.redis("ACL", "SETUSER", "scraper", "on", ">pw", "+info")
            as_user = {name: f"Host: localhost\r\nAuthorization: Basic {base64.b64encode(f'{name}:pw'.encode()).decode()}\r\n"
                       for name in ("counter", "scraper")}  # fmt: skip
            statuses = {name: [server.ask(target, fields)[0]
                               for target in ("/healthz", "/metrics", "/key?name=hits:home", "/key?name=other")]
                        for name, fields in as_user.items()}  # fmt: skip
            self.assertEqual(statuses, {"counter": [200, 403, 200, 403], "scraper": [200, 200, 403, 403]})
            self.assertEqual(server.ask("/events", as_user["counter"])[0], 403)

    def test_a_port_in_use_stops_the_start(self):
        with AdminServer() as server:
            done = subprocess.run([SERVER, "--port", "0", "--http-port", "0", "--admin-port", str(server.admin_port), "--dir",
                                   str(server.directory / "other")], capture_output=True, text=True, timeout=WAIT_S,
                                  check=False)  # fmt: skip
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"port {server.admin_port} on 127.0.0.1 is in use", done.stderr)
            self.assertIn("--admin-port 0", done.stderr)
            self.assertFalse((server.directory / "other").exists())
            self.assertEqual(server.redis("CONFIG", "GET", "admin-port"), f"admin-port\n{server.admin_port}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
