#!/usr/bin/env python3
"""prometheus-redis-exporter, which is written for Redis, scrapes the real binary without an error. $TALLY_SERVER names the server."""

import re
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from support.server import WAIT_S, Server, free_port


def scrape(port):
    """{sample: value} of the exporter once it answers."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT_S) as reply:
                lines = reply.read().decode().splitlines()
            return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class RedisExporterTest(unittest.TestCase):
    def test_it_scrapes_without_an_error(self):
        with Server("--slowlog-log-slower-than", "0", "--latency-monitor-threshold", "1") as server:
            for _ in range(3):
                server.redis("INCR", "A")
            server.redis("-n", "3", "SET", "s", "text", "EX", "1000")
            server.redis("INCR", "A", "B")
            port = free_port()
            command = ["prometheus-redis-exporter", "--redis.addr", f"redis://127.0.0.1:{server.port}", "--web.listen-address",
                       f"127.0.0.1:{port}", "--check-single-keys", "db0=A"]  # fmt: skip
            with (server.directory / "exporter").open("w+", encoding="utf-8") as log:
                with subprocess.Popen(command, stdout=log, stderr=log) as exporter:
                    try:
                        metrics = scrape(port)
                    finally:
                        exporter.kill()
                log.seek(0)
                self.assertNotRegex(log.read(), "(?i)level=(error|warning)")
        self.assertEqual(metrics["redis_up"], "1")
        self.assertEqual(metrics['redis_exporter_last_scrape_error{err=""}'], "0")
        self.assertEqual(metrics['redis_commands_total{cmd="incr"}'], "3")
        self.assertEqual(metrics['redis_commands_rejected_calls_total{cmd="incr"}'], "1")
        self.assertEqual(metrics['redis_db_keys{db="db0"}'], "1")
        self.assertEqual(metrics['redis_db_keys_expiring{db="db3"}'], "1")
        self.assertEqual(metrics['redis_key_value{db="db0",key="A"}'], "3")
        for name in ("redis_memory_used_bytes", "redis_connected_clients", "redis_config_maxclients", "redis_slowlog_length"):
            self.assertGreater(float(metrics[name]), 0, name)
        for sample, value in metrics.items():
            self.assertTrue(re.fullmatch(r"[-+0-9.e]+|NaN|\+Inf", value), (sample, value))


if __name__ == "__main__":
    unittest.main(verbosity=2)
