#!/usr/bin/env python3
"""Tally with more data than memory, restarts with many keys, pauses, bytes written (scripts/bench at-size).

Four parts, each with servers of its own: `memory` (more counters than fit into --maxmemory), `restart` (kill -9 and clean
stop, Redis on the same data beside it), `pauses` (the longest reply of a client at a fixed rate while the server does something
large), `bytes` (written to the disk by increment). A floor is what Tally promises; the program says which were missed.
"""

import time

from program import number, opened, options_of, parse
from servers import NAMES, MemoryWatch, commit, machine

GIB = 1 << 30
PARTS = ("memory", "restart", "pauses", "bytes")


def row(bench, what, measured, floor="", holds=None):
    bench.line(what, measured, floor, {None: "", True: "yes", False: "**no**"}[holds])


def milliseconds(us):
    return f"{us / 1000:.1f} ms"


def size(count):
    return f"{count / GIB:.3g} GiB" if count >= GIB else f"{count / (1 << 20):.3g} MiB"


def memory(bench):
    """More counters than --maxmemory holds."""
    keys, limit, seconds = bench.arguments.many_keys, bench.arguments.maxmemory, bench.arguments.seconds
    server = bench.server("tally", "--maxmemory", str(limit))

    def with_memory(what, floor_rps, **options):
        with MemoryWatch(server) as watch:
            result = bench.load(server, pipeline=16, keys=keys, **options)
        share = watch.largest_bytes / limit
        within = f"RSS at most {size(watch.largest_bytes)} ({share - 1:+.0%})"
        row(bench, f"{keys:,} counters, --maxmemory {size(limit)}: {what}",
            f"{result['rps']:,.0f}/s, {within}, p99 {milliseconds(result['p99_us'])}, "
            f"longest {milliseconds(result['max_us'])}",
            f"> {floor_rps:,}/s, RSS ≤ +15 %" if floor_rps else "RSS ≤ +15 %",
            result["rps"] > floor_rps and share <= 1.15)

    with_memory("the first INCR of each, -P 16", 0, in_order=True, requests=keys)
    server.cli("save")
    row(bench, "its directory, after a checkpoint", size(server.disk_bytes()))
    with_memory("INCR -P 16, uniform", 20_000, seconds=seconds)
    with_memory("INCR -P 16, 90 % to a tenth (the first seconds, cold)", 0, seconds=seconds, hot_keys=0.1, hot_requests=0.9)
    with_memory("INCR -P 16, 90 % to a tenth (after that)", 100_000, seconds=seconds, hot_keys=0.1, hot_requests=0.9)
    with_memory("GET -P 16, uniform", 0, seconds=seconds, command="get")
    bench.drop(server)


def restart(bench):
    """Time from the start of the process to the first correct reply."""
    keys = bench.arguments.restart_keys
    request, reply = b"*2\r\n$3\r\nGET\r\n$20\r\ncounter:000000000007\r\n", b"$1\r\n1\r\n"
    for kind in ("tally", "always"):
        server = bench.server(kind)
        bench.fill(server, keys)
        server.make_clean()
        # A log that is nearly as long as it gets: the rest of a restart is the same with any.
        journal = before = 0
        while kind == "tally" and journal >= before and journal < 0.9 * int(server.info_field("tally_journal_limit_bytes")):
            bench.load(server, pipeline=64, first_key=8, keys=keys - 8, requests=50_000)
            before, journal = journal, int(server.info_field("tally_journal_bytes"))
        log = f", {size(journal)} of journal" if kind == "tally" else ""
        server.kill()
        killed = server.start_until(request, reply)
        row(bench, f"kill -9 with {keys:,} keys{log}: first correct reply, {NAMES[kind]}", f"{killed * 1000:,.0f} ms",
            *(("< 1 s", killed < 1) if kind == "tally" else ()))
        begin = time.monotonic()
        server.stop()
        stopped = time.monotonic() - begin
        started = server.start_until(request, reply)
        row(bench, f"clean stop, and start with {keys:,} keys: {NAMES[kind]}",
            f"{stopped * 1000:,.0f} ms, and {started * 1000:,.0f} ms",
            *(("start < 0.5 s", started < 0.5) if kind == "tally" else ()))
        bench.drop(server)


def paced(bench, server, what, begin, seconds, floor=True, end=None, at_rest=True):
    """The row of a paced client beside what `begin` begins, on a server at rest."""
    if at_rest:
        server.wait_until_quiet()
    result = bench.paced(server, begin, seconds)
    if end:
        end()
    row(bench, f"paced client during {what}: {NAMES[server.kind]}",
        f"longest {milliseconds(result['max_us'])}, p99.9 {milliseconds(result['p999_us'])}, "
        f"p50 {milliseconds(result['p50_us'])}",
        *(("< 50 ms, p99.9 < 10 ms", result["max_us"] < 50_000 and result["p999_us"] < 10_000) if floor else ()))


def pauses(bench):
    """Checkpoint, warm-up, eviction, FLUSHALL, with a paced client beside."""
    keys, seconds = bench.arguments.restart_keys, bench.arguments.seconds
    server = bench.server("tally", "--maxmemory", str(bench.arguments.maxmemory * 4))

    bench.fill(server, keys)
    server.make_clean()
    paced(bench, server, "nothing else", lambda: None, seconds, floor=False)
    bench.load(server, pipeline=64, keys=keys, requests=min(keys, 800_000))
    paced(bench, server, "a checkpoint", lambda: server.cli("bgsave"), seconds)
    server.stop()
    server.start_until(b"PING\r\n", b"+PONG\r\n")
    paced(bench, server, f"warm-up with {keys:,} keys", lambda: None, seconds, at_rest=False)
    paced(bench, server, f"FLUSHALL of {keys:,} keys", lambda: server.cli("flushall"), seconds)
    bench.drop(server)

    redis = bench.server("none")
    bench.fill(redis, keys)
    paced(bench, redis, f"FLUSHALL of {keys:,} keys", lambda: redis.cli("flushall"), seconds, floor=False)
    bench.fill(redis, keys)
    paced(bench, redis, f"FLUSHALL ASYNC of {keys:,} keys", lambda: redis.cli("flushall", "async"), seconds, floor=False)
    bench.drop(redis)

    limit = bench.arguments.maxmemory // 4
    server = bench.server("tally", "--maxmemory", str(limit))
    bench.fill(server, keys)
    bench.load(server, rate=20_000, keys=keys, seconds=seconds)  # what loading has left to compact is done
    other = []
    paced(bench, server, f"eviction (20,000 INCR/s of {keys:,} keys, --maxmemory {size(limit)})",
          lambda: other.append(bench.start_load(server, rate=20_000, keys=keys, seconds=seconds - 2)), seconds,
          end=lambda: other[0].communicate())
    bench.drop(server)


def bytes_written(bench):
    """By /proc, at full load, for long enough that checkpoints, compactions and rewrites are many."""
    keys, requests = bench.arguments.keys, bench.arguments.increments
    written = {}
    for kind in ("tally", "always"):
        server = bench.server(kind)
        bench.fill(server, keys, pipeline=16)
        server.make_clean()
        before = server.written_bytes()
        result = bench.load(server, pipeline=16, keys=keys, requests=requests)
        server.wait_until_idle()
        written[kind] = (server.written_bytes() - before) / requests
        row(bench, f"bytes written per INCR, -P 16, {keys:,} keys, {requests:,} increments: {NAMES[kind]}",
            f"{written[kind]:.0f} (at {result['rps']:,.0f}/s)",
            *(("below Redis", None) if kind == "tally" else ("", written["tally"] < written["always"])))
        bench.drop(server)


def parse_arguments():
    parser = options_of("scripts/bench at-size", __doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--many-keys", type=number, default=50_000_000, help="of `memory`")
    parser.add_argument("--restart-keys", type=number, default=10_000_000, help="of `restart` and `pauses`")
    parser.add_argument("--keys", type=number, default=1_000_000, help="of `bytes`")
    parser.add_argument("--increments", type=number, default=20_000_000, help="of `bytes`")
    parser.add_argument("--maxmemory", type=number, default=GIB, help="of `memory`; `pauses` takes four times as much, and a quarter")
    parser.add_argument("--seconds", type=int, default=30, help="of each measurement that has no other end")
    return parse(parser, "parts", PARTS)


def main():
    with opened(parse_arguments()) as bench:
        for name, part in zip(PARTS, (memory, restart, pauses, bytes_written)):
            if name in bench.arguments.parts:
                part(bench)
        print(machine(bench.directory))
        print(f"- Tally ({commit()}) with its defaults otherwise; Redis always: `appendonly yes, appendfsync always`\n")
        print("\n".join(["| what | measured | floor | holds |", "|---|---|---|---|", *bench.lines]))


if __name__ == "__main__":
    main()
