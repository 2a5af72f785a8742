#!/usr/bin/env python3
"""Tally beside redis-server on one machine, with redis-benchmark (scripts/bench installs and builds what this needs).

Three servers: Tally with its defaults (every reply is on disk), redis-server with `appendonly yes, appendfsync always`
(the same promise), and redis-server without persistence. All run all the time, on the same disk; one of them is
measured at a time, while nobody saves or rewrites. The client's flags are the same for all. In each round every row is
measured once on each server, and which of them begins rotates, so that whatever drifts on the machine hits all alike. A
row's number is the median of its rounds. Both key spaces are loaded completely beforehand, so GET always finds its key.
"""

import argparse
import csv
import datetime
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# Deeper pipelines are faster: so many more requests make their runs about as long.
REQUEST_FACTOR = {1: 1, 16: 8, 64: 16}
NAMES = {"tally": "Tally", "always": "Redis always", "none": "Redis none"}
VALUE = "xxx"  # redis-benchmark's own default: 3 bytes


def free_port():
    """Outside of the range from which the kernel takes ports for outgoing connections."""
    while True:
        port = random.randint(10000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    def __init__(self, kind, command, directory):
        self.kind = kind
        self.directory = directory / kind
        self.directory.mkdir()
        self.log = (directory / f"{kind}.log").open("w")
        self.port = free_port()
        self.command = [*command, "--port", str(self.port), "--dir", str(self.directory)]
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while f"process_id:{self.process.pid}" not in self.info("server"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{' '.join(self.command)} did not start:\n{Path(self.log.name).read_text()}")
            time.sleep(0.05)

    def cli(self, *arguments, **options):
        return subprocess.run(["redis-cli", "-p", str(self.port), *arguments], capture_output=True, text=True,
                              check=False, **options).stdout

    def info(self, section="everything"):
        return self.cli("info", section)

    def load(self, path):
        with path.open("rb") as stream:
            result = subprocess.run(["redis-cli", "-p", str(self.port), "--pipe"], stdin=stream, capture_output=True,
                                    text=True, check=False)
        if result.returncode != 0 or "errors: 0" not in result.stdout:
            sys.exit(f"{NAMES[self.kind]}: loading failed: {result.stdout}{result.stderr}")

    def make_clean(self):
        """What was loaded is written to its place: Tally's checkpoint, Redis's rewritten log."""
        if self.kind == "tally":
            self.cli("save")
        elif self.kind == "always":
            self.cli("bgrewriteaof")
        self.wait_until_idle()

    def wait_until_idle(self):
        time.sleep(0.1)
        while True:
            info = self.info()
            if not any(f"{job}:1" in info for job in ("rdb_bgsave_in_progress", "aof_rewrite_in_progress",
                                                      "aof_rewrite_scheduled")):
                return
            time.sleep(0.1)

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS  # utime, stime: of all threads

    def version(self):
        for line in self.info("server").splitlines():
            if line.startswith("tally_version:" if self.kind == "tally" else "redis_version:"):
                return line.split(":", 1)[1].strip()
        return "?"

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def write_load(path, prefix, keys, value):
    """`keys` SETs as redis-benchmark names keys; and the one name it uses without -r."""
    with path.open("wb") as stream:
        names = [f"{prefix}:{i:012d}" for i in range(keys)] + [f"{prefix}:__rand_int__"]
        for name in names:
            stream.write(f"*3\r\n$3\r\nSET\r\n${len(name)}\r\n{name}\r\n${len(value)}\r\n{value}\r\n".encode())


def measure(server, row, requests, arguments):
    test, keys, pipeline = row
    command = ["redis-benchmark", "-p", str(server.port), "-c", str(arguments.clients), "-n", str(requests),
               "-P", str(pipeline), "-t", test, "--csv"]
    if keys > 1:
        command += ["-r", str(keys)]
    if arguments.client_threads > 1:
        command += ["--threads", str(arguments.client_threads)]
    cpu_before = server.cpu_seconds()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    cpu = server.cpu_seconds() - cpu_before
    lines = [line for line in csv.reader(result.stdout.splitlines()) if line and line[0].lower().startswith(test)]
    if result.returncode != 0 or len(lines) != 1 or "rror" in result.stdout + result.stderr:
        sys.exit(f"{' '.join(command)} on {NAMES[server.kind]}: {result.stdout}{result.stderr}")
    return {"rps": float(lines[0][1]), "p50_ms": float(lines[0][4]), "p99_ms": float(lines[0][6]),
            "cpu_us": cpu / requests * 1e6}


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "?"


def file_system(path):
    result = subprocess.run(["stat", "-f", "-c", "%T", str(path)], capture_output=True, text=True, check=False)
    return result.stdout.strip() or "?"


def commit():
    result = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False)
    return result.stdout.strip() or "no commit"


def heading(servers, arguments, directory):
    by_kind = {server.kind: server for server in servers}
    threads = arguments.threads or "default"
    return "\n".join([
        f"- {datetime.date.today().isoformat()}; {cpu_model()}, {os.cpu_count()} CPUs; Linux {os.uname().release}; "
        f"data on {file_system(directory)}",
        f"- Tally {by_kind['tally'].version()} ({commit()}), --threads {threads}; Redis {by_kind['always'].version()}",
        f"- redis-benchmark -c {arguments.clients}"
        + (f" --threads {arguments.client_threads}" if arguments.client_threads > 1 else "")
        + f"; {arguments.rounds} interleaved rounds, medians; at -P 1 {arguments.requests} requests a run, more at"
          f" deeper pipelines",
        "- Redis always: `appendonly yes, appendfsync always`; Redis none: no persistence. All else are defaults.",
    ])


def table(rows, results):
    def median(kind, row, field):
        return statistics.median(sample[field] for sample in results[kind, row])

    lines = ["| requests/s | " + " | ".join(NAMES.values())
             + " | Tally/always | Tally/none | CPU µs a request (Tally, always, none) | p99 ms (Tally, always, none) |",
             "|---|" + "--:|" * 5 + "---|---|"]
    for row in rows:
        test, keys, pipeline = row
        rps = {kind: median(kind, row, "rps") for kind in NAMES}
        cpu = ", ".join(f"{median(kind, row, 'cpu_us'):.1f}" for kind in NAMES)
        p99 = ", ".join(f"{median(kind, row, 'p99_ms'):.2f}" for kind in NAMES)
        where = "one key" if keys == 1 else f"{keys:,} keys"
        lines.append(f"| {test.upper()} -P {pipeline}, {where} | "
                     + " | ".join(f"{rps[kind]:,.0f}" for kind in NAMES)
                     + f" | {rps['tally'] / rps['always']:.2f} | {rps['tally'] / rps['none']:.2f} | {cpu} | {p99} |")
    return "\n".join(lines)


def numbers(text):
    return [int(number) for number in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tally", default=str(ROOT / "build/release/tally-server"), metavar="BINARY")
    parser.add_argument("--threads", type=int, help="of Tally; without it, its default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000, help="a run at -P 1; deeper pipelines get more")
    parser.add_argument("--tests", default="incr,get", help="incr, get or set (default: incr,get)")
    parser.add_argument("--pipelines", type=numbers, default=[1, 16, 64], metavar="P,P...")
    parser.add_argument("--keys", type=int, default=1_000_000, help="size of the random key space")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--client-threads", type=int, default=1, help="of redis-benchmark")
    parser.add_argument("--dir", default="/var/tmp", help="where the servers' data is put, and removed afterwards")
    parser.add_argument("--json", metavar="FILE", help="all single measurements")
    arguments = parser.parse_args()
    arguments.tests = arguments.tests.lower().split(",")
    for test in arguments.tests:
        if test not in ("incr", "get", "set"):
            parser.error(f"no such test: {test}")
    if arguments.rounds < 1 or arguments.requests < 1 or arguments.keys < 2:
        parser.error("--rounds and --requests start at 1, --keys at 2")
    if not shutil.which(arguments.tally):
        parser.error(f"there is no server at {arguments.tally}; scripts/build makes one")
    return arguments


def run(arguments, directory, servers):
    tally = [arguments.tally]
    if arguments.threads:
        tally += ["--threads", str(arguments.threads)]
    redis = ["redis-server", "--bind", "127.0.0.1", "--save", ""]
    if Path(arguments.tally).name.startswith("redis-server"):  # to try this program without a Tally
        tally = [arguments.tally, *redis[1:], "--appendonly", "yes", "--appendfsync", "always"]
    servers.append(Server("tally", tally, directory))
    servers.append(Server("always", [*redis, "--appendonly", "yes", "--appendfsync", "always"], directory))
    servers.append(Server("none", [*redis, "--appendonly", "no"], directory))
    if file_system(directory) in ("tmpfs", "ramfs", "overlayfs"):
        print(f"warning: {directory} is on {file_system(directory)}: syncs may cost nothing there", file=sys.stderr)

    spaces = {"incr": ("counter", "0"), "get": ("key", VALUE), "set": ("key", VALUE)}
    for prefix, value in sorted({spaces[test] for test in arguments.tests}):
        path = directory / "load"
        write_load(path, prefix, arguments.keys, value)
        for server in servers:
            print(f"loading {arguments.keys:,} keys {prefix}:* into {NAMES[server.kind]}", file=sys.stderr)
            server.load(path)
        path.unlink()
    for server in servers:
        server.make_clean()

    rows = [(test, keys, pipeline) for test in arguments.tests for keys in (1, arguments.keys)
            for pipeline in arguments.pipelines]
    results = {(kind, row): [] for kind in NAMES for row in rows}
    for number in range(-1, arguments.rounds):  # round -1 warms up and is not counted
        for row_number, row in enumerate(rows):
            requests = arguments.requests * REQUEST_FACTOR.get(row[2], row[2] // 4 or 1)
            first = (number + 1 + row_number) % len(servers)
            for server in servers[first:] + servers[:first]:
                for other in servers:
                    other.wait_until_idle()
                if number < 0:
                    measure(server, row, max(1000, requests // 10), arguments)
                    continue
                sample = measure(server, row, requests, arguments)
                results[server.kind, row].append(sample)
                print(f"round {number + 1}/{arguments.rounds}: {row[0]} -P {row[2]} of {row[1]} keys, "
                      f"{NAMES[server.kind]}: {sample['rps']:,.0f}/s", file=sys.stderr)

    print(heading(servers, arguments, directory))
    print()
    print(table(rows, results))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(
            [{"server": kind, "test": row[0], "keys": row[1], "pipeline": row[2], **sample}
             for (kind, row), samples in results.items() for sample in samples], indent=1))


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    servers = []
    with tempfile.TemporaryDirectory(prefix="tally-bench-", dir=arguments.dir) as directory:
        try:
            run(arguments, Path(directory), servers)
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    main()
