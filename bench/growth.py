#!/usr/bin/env python3
"""How throughput changes with what grows: pictures of Tally beside redis-server (scripts/bench growth).

One picture for each curve: `connections`, `pipeline` (depth), `keys`, `value` (size, of SET), `threads` (of Tally; Redis has one
value). The load client runs for the same time at each point, in interleaved rounds on all three servers; a point is the
median of its rounds. `idle` has no picture: what 10,000 connections that are silent take of the server's memory.
"""

import resource
import socket
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from program import interleaved, number, numbers, opened, options_of, parse
from servers import NAMES, ROOT, commit, machine

KIB = 1024
COLOURS = {"tally": "#0b6e4f", "always": "#c1121f", "none": "#6c757d"}
MARKERS = {"tally": "o", "always": "s", "none": "^"}
SETTLE_S = 5  # Redis gives an idle client's buffers back after two seconds
SPARE_FILES = 200  # besides those of the idle connections


@dataclass(frozen=True)
class Curve:
    """What a picture shows. `x_of` shows a value of the axis."""

    name: str
    title: str
    x_label: str
    measure: callable
    x_of: callable = "{:,}".format
    logarithmic: bool = False  # the throughput; the other axis is always


class Medians:
    """Throughput by value of x and server, from samples of many rounds."""

    def __init__(self):
        self.samples = {}

    def add(self, x, kind, rps):
        self.samples.setdefault((x, kind), []).append(rps)

    def xs(self):
        return sorted({x for x, _ in self.samples})

    def of(self, x, kind):
        return statistics.median(self.samples[x, kind])


def sample(bench, medians, what, x, server, **options):
    """One run on a server that has nothing left to do."""
    server.wait_until_idle()
    result = bench.load(server, **{"seconds": bench.arguments.seconds, "keys": bench.arguments.keys, **options})
    medians.add(x, server.kind, result["rps"])
    print(f"{what} {x:,}, {NAMES[server.kind]}: {result['rps']:,.0f}/s", file=sys.stderr)


def all_servers(bench, keys, command="incr", **options):
    servers = [bench.server(kind) for kind in NAMES]
    for server in servers:
        bench.fill(server, keys, command, **options)
        server.make_clean()
    return servers


def by_option(bench, name, xs, **options):
    """INCR while one option of the load client grows."""
    medians = Medians()
    servers = all_servers(bench, bench.arguments.keys)
    for _, x, server in interleaved(bench.arguments.rounds, xs, servers, warm_up=False):
        sample(bench, medians, name, x, server, **{name: x, **options})
    bench.drop(*servers)
    return medians


def connections(bench):
    return by_option(bench, "connections", bench.arguments.connections)


def pipeline(bench):
    return by_option(bench, "pipeline", bench.arguments.pipelines)


def key_count(bench):
    """The servers are filled up from point to point; each point has its rounds before the next."""
    medians = Medians()
    servers = [bench.server(kind) for kind in NAMES]
    there = 0
    for keys in sorted(bench.arguments.key_counts):
        for server in servers:
            bench.fill(server, keys - there, first_key=there)
            server.make_clean()
            server.wait_until_quiet()
        there = keys
        for _, _, server in interleaved(bench.arguments.rounds, [keys], servers, warm_up=False):
            sample(bench, medians, "keys", keys, server, keys=keys, pipeline=16)
    bench.drop(*servers)
    return medians


def value_size(bench):
    """SET of so few keys that the largest values fit into memory, too."""
    medians, keys = Medians(), bench.arguments.value_keys
    servers = all_servers(bench, keys, "set")
    for _, size, server in interleaved(bench.arguments.rounds, bench.arguments.value_sizes, servers, warm_up=False):
        sample(bench, medians, "value bytes", size, server, command="set", value_bytes=size, keys=keys, pipeline=16)
    bench.drop(*servers)
    return medians


def threads(bench):
    """Redis has no such option: its one value is repeated at each point."""
    medians, keys, xs = Medians(), bench.arguments.keys, bench.arguments.threads
    servers = {x: bench.server("tally", "--threads", str(x)) for x in xs}
    servers.update({kind: bench.server(kind) for kind in ("always", "none")})
    for server in servers.values():
        bench.fill(server, keys)
        server.make_clean()
    for _, _, name in interleaved(bench.arguments.rounds, [None], list(servers), warm_up=False):
        sample(bench, medians, "threads", name if name in xs else 1, servers[name], pipeline=16)
    for kind in ("always", "none"):
        for x in xs:
            medians.samples[x, kind] = medians.samples[1, kind]
    bench.drop(*servers.values())
    return medians


def size_text(count):
    return f"{count // KIB} KiB" if count >= KIB else f"{count} B"


def count_text(count):
    for unit, letter in ((1_000_000, "M"), (1_000, "K")):
        if count >= unit:
            return f"{count / unit:g}{letter}"
    return f"{count:g}"


CURVES = (
    Curve("connections", "INCR, one request at a time on each connection", "connections", connections),
    Curve("pipeline", "INCR, 50 connections", "pipeline depth (requests sent at a time on each connection)", pipeline),
    Curve("keys", "INCR, 50 connections, 16 requests at a time", "keys", key_count, x_of=count_text),
    Curve("value", "SET, 50 connections, 16 requests at a time", "size of the value (bytes)", value_size, x_of=size_text,
          logarithmic=True),
    Curve("threads", "INCR, 50 connections, 16 requests at a time", "--threads of Tally (Redis: its one thread)", threads),
)


def idle(bench):
    """Resident bytes of a connection that has sent one PING and then nothing; new servers in each round."""
    count, taken = bench.arguments.idle, {kind: [] for kind in NAMES}
    for _, _, kind in interleaved(bench.arguments.rounds, [None], list(NAMES), warm_up=False):
        server = bench.server(kind, "--maxclients", str(count + SPARE_FILES // 2))
        before = server.resident_bytes()
        opened_ones = [greeted(server) for _ in range(count)]
        time.sleep(SETTLE_S)
        taken[kind].append((server.resident_bytes() - before) / count)
        print(f"{count:,} idle connections, {NAMES[kind]}: {taken[kind][-1]:,.0f} bytes each", file=sys.stderr)
        for connection in opened_ones:
            connection.close()
        bench.drop(server)
    return {kind: statistics.median(samples) for kind, samples in taken.items()}


def greeted(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(b"PING\r\n")
    if connection.recv(16) != b"+PONG\r\n":
        sys.exit(f"{NAMES[server.kind]} does not answer a new connection")
    return connection


def allow_files(count):
    """Of this process and of the servers that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        sys.exit(f"{count:,} files may have to be open at a time, and `ulimit -Hn` is {hard:,}: raise it, or lower --idle")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def draw(curve, medians, path):
    """The same measurements always give the same bytes."""
    import matplotlib  # of one program alone, and slow to load
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "tally", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib import pyplot, ticker

    figure, axes = pyplot.subplots(figsize=(7, 4), facecolor="white")
    xs = medians.xs()
    for kind, name in NAMES.items():
        flat = curve.name == "threads" and kind != "tally"
        axes.plot(xs, [medians.of(x, kind) for x in xs], label=name, color=COLOURS[kind], linewidth=1.8, markersize=5,
                  linestyle="--" if flat else "-", marker=None if flat else MARKERS[kind])
    axes.set_xscale("log", base=2)
    axes.set_xticks(xs, [curve.x_of(x) for x in xs])
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    if curve.logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: count_text(value)))
    axes.set(title=curve.title, xlabel=curve.x_label, ylabel="throughput (requests/s)")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def table_lines(bench, curve, medians):
    for x in medians.xs():
        bench.line(f"{curve.title}; {curve.name}: {curve.x_of(x)}", *(f"{medians.of(x, kind):,.0f}/s" for kind in NAMES))


def parse_arguments():
    names = [curve.name for curve in CURVES] + ["idle"]
    parser = options_of("scripts/bench growth", __doc__)
    parser.add_argument("--curves", default=",".join(names), help=f"of: {', '.join(names)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each point, round and server")
    parser.add_argument("--keys", type=number, default=1_000_000, help="where these do not grow")
    parser.add_argument("--connections", type=numbers, default=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], metavar="N,N...")
    parser.add_argument("--pipelines", type=numbers, default=[1, 2, 4, 8, 16, 32, 64, 128, 256], metavar="P,P...")
    parser.add_argument("--key-counts", type=numbers, metavar="K,K...",
                        default=[1_000, 10_000, 100_000, 1_000_000, 5_000_000, 20_000_000])
    parser.add_argument("--value-sizes", type=numbers, metavar="BYTES,BYTES...",
                        default=[3, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB])
    parser.add_argument("--value-keys", type=number, default=10_000, help="of SET")
    parser.add_argument("--threads", type=numbers, default=[1, 2, 4], metavar="N,N...", help="of Tally; with 1")
    parser.add_argument("--idle", type=number, default=10_000, help="connections")
    parser.add_argument("--out", default=str(ROOT / "docs/images"), metavar="DIRECTORY", help="for the pictures")
    arguments = parse(parser, "curves", names)
    if arguments.rounds < 1 or arguments.seconds <= 0 or 1 not in arguments.threads:
        parser.error("--rounds start at 1, --threads with 1; --seconds are more than 0")
    return arguments


def main():
    arguments = parse_arguments()
    if "idle" in arguments.curves:
        allow_files(arguments.idle + SPARE_FILES)
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    with opened(arguments) as bench:
        for curve in CURVES:
            if curve.name in arguments.curves:
                medians = curve.measure(bench)
                draw(curve, medians, out / f"growth-{curve.name}.svg")
                table_lines(bench, curve, medians)
        if "idle" in arguments.curves:
            each = idle(bench)
            bench.line(f"resident memory of a connection, {arguments.idle:,} idle ones",
                       *(f"{each[kind] / KIB:.2f} KiB" for kind in NAMES))
        print(machine(bench.directory))
        print(f"- Tally ({commit()}) and Redis with their defaults otherwise; {arguments.keys:,} keys; the load client for "
              f"{arguments.seconds:g} s a point; medians of {arguments.rounds} interleaved rounds\n")
        print("\n".join([f"| what | {' | '.join(NAMES.values())} |", "|---|--:|--:|--:|", *bench.lines]))


if __name__ == "__main__":
    main()
