#!/usr/bin/env python3
"""Tally beside redis-server on one machine, with redis-benchmark (scripts/bench installs and builds what this needs).

Three servers: Tally with its defaults (every reply is on disk), redis-server with `appendonly yes, appendfsync always`
(the same promise), and redis-server without persistence. All run all the time, on the same disk; one of them is
measured at a time, while nobody saves or rewrites. The client's flags are the same for all. In each round every row is
measured once on each server, and which of them begins rotates, so that whatever drifts on the machine hits all alike. A
row's number is the median of its rounds. Both key spaces are loaded completely beforehand, so GET always finds its key.
"""

import itertools
import statistics
import sys

import clients
from program import interleaved, numbers, opened, options_of, parse, write_json
from servers import NAMES, commit, machine

VALUE = "x" * clients.VALUE_BYTES


def write_load(path, prefix, keys, value):
    """`keys` SETs as redis-benchmark names keys; and the one name it uses without -r."""
    names = (f"{prefix}:{i:012d}" for i in range(keys))
    clients.write_requests(path, (("SET", name, value) for name in itertools.chain(names, [f"{prefix}:__rand_int__"])))


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


def parse_arguments():
    parser = options_of("scripts/bench", __doc__, load_client=False)
    parser.add_argument("--threads", type=int, help="of Tally; without it, its default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000, help="a run at -P 1; deeper pipelines get more")
    parser.add_argument("--tests", type=str.lower, default="incr,get", help="incr, get or set (default: incr,get)")
    parser.add_argument("--pipelines", type=numbers, default=[1, 16, 64], metavar="P,P...")
    parser.add_argument("--keys", type=int, default=1_000_000, help="size of the random key space")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--client-threads", type=int, default=1, help="of redis-benchmark")
    parser.add_argument("--json", metavar="FILE", help="all single measurements")
    arguments = parse(parser, "tests", ("incr", "get", "set"))
    if arguments.rounds < 1 or arguments.requests < 1 or arguments.keys < 2:
        parser.error("--rounds and --requests start at 1, --keys at 2")
    return arguments


def start(bench):
    """The servers, loaded and at rest."""
    arguments = bench.arguments
    options = ["--threads", str(arguments.threads)] if arguments.threads else []
    for kind in NAMES:
        bench.server(kind, *(options if kind == "tally" else []))

    spaces = {"incr": ("counter", "0"), "get": ("key", VALUE), "set": ("key", VALUE)}
    for prefix, value in sorted({spaces[test] for test in arguments.tests}):
        path = bench.directory / "load"
        write_load(path, prefix, arguments.keys, value)
        for server in bench.servers:
            print(f"loading {arguments.keys:,} keys {prefix}:* into {NAMES[server.kind]}", file=sys.stderr)
            clients.pipe(server, path)
        path.unlink()
    for server in bench.servers:
        server.make_clean()


def run(bench):
    arguments = bench.arguments
    start(bench)
    rows = [(test, keys, pipeline) for test in arguments.tests for keys in (1, arguments.keys)
            for pipeline in arguments.pipelines]
    results = {(kind, row): [] for kind in NAMES for row in rows}
    for number, row, server in interleaved(arguments.rounds, rows, bench.servers):
        test, keys, pipeline = row
        for other in bench.servers:
            other.wait_until_idle()
        requests = clients.requests_at(pipeline, arguments.requests)
        sample = clients.redis_benchmark(server, test, requests if number >= 0 else max(1000, requests // 10), pipeline,
                                         keys=keys, clients=arguments.clients, threads=arguments.client_threads)
        if number < 0:
            continue
        results[server.kind, row].append(sample)
        print(f"round {number + 1}/{arguments.rounds}: {test} -P {pipeline} of {keys} keys, "
              f"{NAMES[server.kind]}: {sample['rps']:,.0f}/s", file=sys.stderr)

    print(heading(bench.servers, arguments, bench.directory))
    print()
    print(table(rows, results))
    write_json(arguments.json, [{"server": kind, "test": row[0], "keys": row[1], "pipeline": row[2], **sample}
                                for (kind, row), samples in results.items() for sample in samples])


def main():
    with opened(parse_arguments()) as bench:
        run(bench)


if __name__ == "__main__":
    main()
