#!/usr/bin/env python3
"""Tally's floors and goals beside redis-server, row by row (scripts/bench floors).

A floor is what Tally promises, a goal what it is to reach. "Reached" is the median of Tally over the median of what it is
compared with: throughput ("≥") is to be at least so many times the other's, cost and time ("≤") at most so many times. Each
round measures everything once on each server, one at a time; who begins rotates. "Holds" is about the floor.

Redis always: `appendonly yes, appendfsync always`; Redis none: no persistence. All else are defaults, of Tally too.
"""

import random
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass

import clients
from program import interleaved, number, opened, options_of, parse, write_json
from servers import NAMES, commit, machine

DURABLE = ("tally", "always")
MANY = "{keys:,} keys"


@dataclass(frozen=True)
class Row:
    """`field` of what was measured as `measurement`: of `ours`, compared with the same of `theirs`."""

    name: str
    workload: str  # with names of options in braces
    measurement: str
    field: str
    bound: str  # ≥ or ≤
    floor: float
    goal: float
    theirs: str = "always"
    ours: str = "tally"
    beside: tuple = ()  # (name, ours, theirs): another comparison, for information

    def holds(self, reached):
        return reached >= self.floor if self.bound == "≥" else reached <= self.floor


ROWS = (
    Row("incr-p16", f"INCR -P 16, {MANY}", "incr-p16", "rps", "≥", 1.4, 2),
    Row("incr-p64", f"INCR -P 64, {MANY}", "incr-p64", "rps", "≥", 1.4, 2),
    Row("incr-p16-hot", "INCR -P 16, one key", "incr-p16-hot", "rps", "≥", 1.15, 2),
    Row("incr-p64-hot", "INCR -P 64, one key", "incr-p64-hot", "rps", "≥", 1.15, 2),
    Row("incr-p1", f"INCR -P 1, {MANY}", "incr-p1", "rps", "≥", 1.05, 1.25),
    Row("incr-p1-hot", "INCR -P 1, one key", "incr-p1-hot", "rps", "≥", 1.05, 1.25),
    Row("set-3", f"SET of 3 bytes, -P 16, {MANY}", "set-3", "rps", "≥", 1.2, 2),
    Row("set-1k", f"SET of 1 KiB, -P 16, {MANY}", "set-1k", "rps", "≥", 1.2, 2),
    Row("mset", f"MSET of 10 keys, -P 16, {MANY}", "mset", "rps", "≥", 1.2, 2),
    Row("incr-none", f"INCR -P 16, {MANY}", "incr-p16", "rps", "≥", 0.85, 1, theirs="none"),
    Row("get-p1", f"GET -P 1, {MANY}, clean", "get-p1", "rps", "≥", 1, 1.2, theirs="none"),
    Row("get-p16", f"GET -P 16, {MANY}, clean", "get-p16", "rps", "≥", 1, 1.2, theirs="none"),
    Row("get-p64", f"GET -P 64, {MANY}, clean", "get-p64", "rps", "≥", 1, 1.2, theirs="none"),
    Row("cpu-p1", f"server CPU per INCR, -P 1, {MANY}", "incr-p1", "cpu_us", "≤", 1, 0.7),
    Row("cpu-p16", f"server CPU per INCR, -P 16, {MANY}", "incr-p16", "cpu_us", "≤", 1, 0.7),
    Row("p50", "p50 of INCR at {rate:,}/s over 50 connections", "paced-incr", "p50_us", "≤", 1, 0.7),
    Row("p99", "p99 of INCR at {rate:,}/s over 50 connections", "paced-incr", "p99_us", "≤", 1, 0.7),
    Row("p999", "p99.9 of INCR at {rate:,}/s over 50 connections", "paced-incr", "p999_us", "≤", 1, 0.7),
    Row("clean-get", "p99 of clean GETs at {get_rate:,}/s over 20 connections beside INCR -P 16 on other keys", "clean-get",
        "p99_us", "≤", 3, 1.5, ours="tally, beside", theirs="tally, alone",
        beside=("Redis always", "always, beside", "always, alone")),
    Row("cpu-2-threads", f"server CPU per INCR, -P 16, {MANY}, --threads 2", "threads", "cpu_us", "≤", 1.4, 1.1,
        ours="--threads 2", theirs="--threads 1"),
    Row("cpu-4-threads", f"server CPU per INCR, -P 16, {MANY}, --threads 4", "threads", "cpu_us", "≤", 1.4, 1.1,
        ours="--threads 4", theirs="--threads 1"),
    Row("pipe", f"{{piped:,}} INCRs of {MANY} from one redis-cli --pipe", "pipe", "rps", "≥", 1.3, 2),
    Row("resident", "resident bytes a key, {many_keys:,} counters", "many-keys", "bytes", "≤", 0.8, 0.5, theirs="none"),
    Row("worst-reply", "longest reply while the first of {inserted_keys:,} keys to the last are inserted, -P 16", "insert",
        "max_us", "≤", 1, 0.3),
    Row("flushall", "longest pause of another client during FLUSHALL of {many_keys:,} keys", "flushall", "max_us", "≤", 1, 1,
        theirs="none"),
)
# What "compared with" says where it is not the name of a server.
COMPARED_WITH = {"tally, alone": "the same alone", "--threads 1": "--threads 1"}


class Floors:
    """What was measured so far, and which rows it is for."""

    def __init__(self, bench):
        self.bench = bench
        self.arguments = bench.arguments
        self.rows = [row for row in ROWS if row.name in bench.arguments.rows]
        self.samples = defaultdict(list)  # by (measurement, whose)

    def wants(self, *measurements):
        return any(row.measurement in measurements for row in self.rows)

    def add(self, measurement, whose, round_number, sample):
        self.samples[measurement, whose].append(sample)
        print(f"round {round_number + 1}/{self.arguments.rounds}: {measurement}, {NAMES.get(whose, whose)}: {sample}",
              file=sys.stderr)

    def median(self, row, whose):
        return statistics.median(sample[row.field] for sample in self.samples[row.measurement, whose])

    def interleaved(self, rows, servers, warm_up=False):
        return interleaved(self.arguments.rounds, rows, servers, warm_up)


@dataclass(frozen=True)
class Run:
    """A workload of redis-benchmark, and on which servers."""

    name: str
    test: str
    pipeline: int
    hot: bool = False
    kinds: tuple = DURABLE
    value_bytes: int = clients.VALUE_BYTES
    effort: int = 1  # of one request: so many fewer are sent


# Each family has servers of its own, filled with its keys: how, and what is then run.
FAMILIES = (
    ({"command": "incr", "prefix": "counter"}, (
        Run("incr-p16", "incr", 16, kinds=("tally", "always", "none")), Run("incr-p64", "incr", 64), Run("incr-p1", "incr", 1),
        Run("incr-p16-hot", "incr", 16, hot=True), Run("incr-p64-hot", "incr", 64, hot=True),
        Run("incr-p1-hot", "incr", 1, hot=True))),
    ({"command": "set", "prefix": "key"}, (Run("set-3", "set", 16),)),
    ({"command": "set", "prefix": "key", "value_bytes": 1024}, (Run("set-1k", "set", 16, value_bytes=1024, effort=2),)),
    ({"command": "set", "prefix": "key"}, (Run("mset", "mset", 16, effort=8),)),
    ({"command": "set", "prefix": "key"}, tuple(
        Run(f"get-p{pipeline}", "get", pipeline, kinds=("tally", "none")) for pipeline in (1, 16, 64))),
)


def filled(floors, kind, *options, **how):
    server = floors.bench.server(kind, *options)
    floors.bench.fill(server, floors.arguments.keys, **{"command": "incr", **how})
    server.make_clean()
    return server


def measure(floors, server, run, share=1):
    """One run of redis-benchmark; `share` of its requests."""
    requests = max(1000, int(clients.requests_at(run.pipeline, floors.arguments.requests) * share / run.effort))
    return clients.redis_benchmark(server, run.test, requests, run.pipeline, keys=1 if run.hot else floors.arguments.keys,
                                   value_bytes=run.value_bytes)


def throughput(floors):
    """redis-benchmark, one family of keys after the other."""
    for how, runs in FAMILIES:
        runs = [run for run in runs if floors.wants(run.name)]
        if not runs:
            continue
        kinds = [kind for kind in NAMES if any(kind in run.kinds for run in runs)]
        servers = [filled(floors, kind, **how) for kind in kinds]
        for round_number, run, server in floors.interleaved(runs, servers, warm_up=True):
            if server.kind not in run.kinds:
                continue
            for other in servers:
                other.wait_until_idle()
            if round_number < 0:
                measure(floors, server, run, share=0.1)
            else:
                floors.add(run.name, server.kind, round_number, measure(floors, server, run))
        floors.bench.drop(*servers)


def threads(floors):
    """CPU time of Tally by --threads."""
    run = Run("threads", "incr", 16)
    servers = {f"--threads {count}": filled(floors, "tally", "--threads", str(count)) for count in (1, 2, 4)}
    for round_number, _, name in floors.interleaved([run], list(servers), warm_up=True):
        sample = measure(floors, servers[name], run, share=0.1 if round_number < 0 else 1)
        if round_number >= 0:
            floors.add(run.name, name, round_number, sample)
        servers[name].wait_until_idle()
    floors.bench.drop(*servers.values())


def latency(floors):
    """INCR at a fixed rate."""
    arguments = floors.arguments
    servers = [filled(floors, kind) for kind in DURABLE]
    for round_number, _, server in floors.interleaved([None], servers):
        server.wait_until_quiet()
        floors.add("paced-incr", server.kind, round_number, floors.bench.load(
            server, rate=arguments.rate, connections=50, keys=arguments.keys, seconds=arguments.seconds))
    floors.bench.drop(*servers)


def clean_gets(floors):
    """GETs of keys that nobody writes, alone and beside many INCRs of others."""
    arguments, bench = floors.arguments, floors.bench
    servers = [filled(floors, kind) for kind in DURABLE]
    for server in servers:
        bench.fill(server, arguments.keys, "set", prefix="clean")
        server.make_clean()

    def p99(server):
        return bench.load(server, "get", prefix="clean", rate=arguments.get_rate, connections=20, keys=arguments.keys,
                          seconds=arguments.seconds)

    for round_number, _, server in floors.interleaved([None], servers):
        server.wait_until_quiet()
        floors.add("clean-get", f"{server.kind}, alone", round_number, p99(server))
        with clients.HeavyIncrements(server, arguments.keys):
            floors.add("clean-get", f"{server.kind}, beside", round_number, p99(server))
    bench.drop(*servers)


def one_pipe(floors):
    """The same file of INCRs, time after time."""
    arguments = floors.arguments
    path = floors.bench.directory / "increments"
    chosen = random.Random(1)
    clients.write_requests(path, (("INCR", f"counter:{chosen.randrange(arguments.keys):012d}") for _ in range(arguments.piped)))
    servers = [filled(floors, kind) for kind in DURABLE]
    for round_number, _, server in floors.interleaved([None], servers):
        server.wait_until_quiet()
        floors.add("pipe", server.kind, round_number, {"rps": arguments.piped / clients.pipe(server, path)})
    path.unlink()
    floors.bench.drop(*servers)


def many_keys(floors):
    """What counters take in memory, and what it costs others to drop them."""
    arguments, bench = floors.arguments, floors.bench
    for round_number, _, kind in floors.interleaved([None], ["tally", "none"]):
        server = bench.server(kind, *(("--maxmemory", str(arguments.maxmemory)) if kind == "tally" else ()))
        before = server.resident_bytes()
        bench.fill(server, arguments.many_keys, digits=10)
        server.wait_until_quiet()
        taken = server.resident_bytes() - before
        floors.add("many-keys", kind, round_number, {"bytes": taken / arguments.many_keys})
        if floors.wants("flushall"):
            server.make_clean()
            server.wait_until_quiet()
            flush = ("flushall",) if kind == "tally" else ("flushall", "async")
            floors.add("flushall", kind, round_number, bench.paced(server, lambda: server.cli(*flush), arguments.seconds))
        bench.drop(server)


def insert(floors):
    """Keys come to be while checkpoints (Redis: rewrites of its log) run as they like."""
    arguments, bench = floors.arguments, floors.bench
    for round_number, _, kind in floors.interleaved([None], list(DURABLE)):
        server = bench.server(kind)
        floors.add("insert", kind, round_number, bench.fill(server, arguments.inserted_keys, pipeline=16))
        bench.drop(server)


def shown(field, value):
    if field == "rps":
        return f"{value:,.0f}/s"
    if field == "bytes":
        return f"{value:.1f} B"
    return f"{value:.2f} µs" if field == "cpu_us" else f"{value / 1000:.3g} ms"


def compared(floors, row, ours, theirs):
    """The ratio, and the text of it and its medians."""
    values = [floors.median(row, whose) for whose in (ours, theirs)]
    ratio = values[0] / values[1] if values[1] > 0 else float("inf")
    return ratio, f"{ratio:.2f}× ({'; '.join(shown(row.field, value) for value in values)})"


def table_line(floors, row):
    reached, text = compared(floors, row, row.ours, row.theirs)
    if row.beside:
        name, ours, theirs = row.beside
        text += f"; {name}: {compared(floors, row, ours, theirs)[1]}"
    peer = COMPARED_WITH.get(row.theirs) or NAMES[row.theirs] + (" FLUSHALL ASYNC" if row.name == "flushall" else "")
    floors.bench.line(row.workload.format(**vars(floors.arguments)), peer, f"{row.bound} {row.floor:g}×",
                      f"{row.bound} {row.goal:g}×", text, "yes" if row.holds(reached) else "**no**")


# What each part measures.
PARTS = (
    (throughput, [run.name for _, runs in FAMILIES for run in runs]), (threads, ["threads"]), (latency, ["paced-incr"]),
    (clean_gets, ["clean-get"]), (one_pipe, ["pipe"]), (many_keys, ["many-keys", "flushall"]), (insert, ["insert"]),
)


def parse_arguments():
    names = [row.name for row in ROWS]
    parser = options_of("scripts/bench floors", __doc__)
    parser.add_argument("--rows", default=",".join(names), help=f"of: {', '.join(names)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=number, default=100_000, help="a run at -P 1; deeper pipelines get more")
    parser.add_argument("--keys", type=number, default=1_000_000, help="size of the random key space")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement at a fixed rate")
    parser.add_argument("--rate", type=number, default=20_000, help="of p50, p99 and p999")
    parser.add_argument("--get-rate", type=number, default=5_000, help="of clean-get")
    parser.add_argument("--piped", type=number, default=5_000_000, help="INCRs of pipe")
    parser.add_argument("--many-keys", type=number, default=10_000_000, help="of resident and flushall")
    parser.add_argument("--maxmemory", type=number, default=4 << 30, help="of Tally in resident and flushall: all keys fit")
    parser.add_argument("--inserted-keys", type=number, default=20_000_000, help="of worst-reply")
    parser.add_argument("--json", metavar="FILE", help="all single measurements")
    arguments = parse(parser, "rows", names)
    if arguments.rounds < 1 or arguments.requests < 1 or arguments.keys < 2 or arguments.seconds < 2:
        parser.error("--rounds and --requests start at 1, --keys and --seconds at 2")
    return arguments


def main():
    with opened(parse_arguments()) as bench:
        floors = Floors(bench)
        for part, measurements in PARTS:
            if floors.wants(*measurements):
                part(floors)
        for row in floors.rows:
            table_line(floors, row)
        print(machine(bench.directory))
        print(f"- Tally ({commit()}) and Redis with their defaults otherwise; redis-benchmark -c 50; medians of "
              f"{bench.arguments.rounds} interleaved rounds\n")
        print("\n".join(["| workload | compared with | floor | goal | reached | holds |", "|---|---|---|---|---|---|",
                         *bench.lines]))
        write_json(bench.arguments.json, [{"measurement": measurement, "of": whose, **sample}
                                          for (measurement, whose), samples in floors.samples.items() for sample in samples])


if __name__ == "__main__":
    main()
