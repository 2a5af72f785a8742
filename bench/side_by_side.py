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
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from servers import NAMES, ROOT, Server, command_of, commit, machine, warn_about

# Deeper pipelines are faster: so many more requests make their runs about as long.
REQUEST_FACTOR = {1: 1, 16: 8, 64: 16}
VALUE = "xxx"  # redis-benchmark's own default: 3 bytes


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


def heading(servers, arguments, directory):
    by_kind = {server.kind: server for server in servers}
    threads = arguments.threads or "default"
    return "\n".join([
        machine(directory),
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
    options = ["--threads", str(arguments.threads)] if arguments.threads else []
    for kind in NAMES:
        servers.append(Server(kind, command_of(kind, arguments.tally, options), directory))
    warn_about(directory)

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
                server.close()


if __name__ == "__main__":
    main()
