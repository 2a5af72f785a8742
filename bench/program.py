"""What the programs of scripts/bench share: their options, the servers they use, who is measured when, their tables."""

import argparse
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import clients
from servers import ROOT, Server, command_of, warn_about


def number(text):
    return int(text.replace(",", "").replace("_", ""))


def numbers(text):
    return [int(part) for part in text.split(",")]


def options_of(program, description, load_client=True):
    """A parser with the options that all programs have."""
    parser = argparse.ArgumentParser(prog=program, description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tally", default=str(ROOT / "build/release/tally-server"), metavar="BINARY")
    if load_client:
        parser.add_argument("--client", default=str(ROOT / "build/release/tally-load-client"), metavar="BINARY")
    parser.add_argument("--dir", default="/var/tmp", help="where the servers' data is put, and removed afterwards")
    return parser


def parse(parser, names=None, choices=()):
    """The arguments. Option `names`, if the program has it, is a list out of `choices`; the binaries must be there."""
    arguments = parser.parse_args()
    if names:
        chosen = getattr(arguments, names).split(",")
        setattr(arguments, names, chosen)
        if set(chosen) - set(choices):
            parser.error(f"the {names} are {', '.join(choices)}")
    for binary in filter(None, (arguments.tally, getattr(arguments, "client", None))):
        if not shutil.which(binary):
            parser.error(f"there is no program at {binary}; scripts/bench builds it")
    return arguments


def interleaved(rounds, rows, servers, warm_up=True):
    """(round, row, server), round by round: each row once on each server, and who begins rotates, so that whatever drifts on
    the machine hits all alike. Round -1 is for warming up."""
    for number_of_round in range(-1 if warm_up else 0, rounds):
        for place, row in enumerate(rows):
            first = (number_of_round + 1 + place) % len(servers)
            for server in servers[first:] + servers[:first]:
                yield number_of_round, row, server


class Bench:
    """The options, the servers in use, the table. `opened` makes one and closes its servers."""

    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.directory = directory
        self.servers = []
        self.lines = []

    def server(self, kind, *options):
        directory = self.directory / f"{len(self.servers)}"
        directory.mkdir()
        server = Server(kind, command_of(kind, self.arguments.tally, options), directory)
        self.servers.append(server)
        return server

    def drop(self, *servers):
        for server in servers:
            server.close()
            shutil.rmtree(server.directory.parent)

    def start_load(self, server, command="incr", **options):
        return clients.start_load(self.arguments.client, server, command, **options)

    def load(self, server, command="incr", **options):
        """What the load client measured."""
        return clients.finish(self.start_load(server, command, **options))

    def fill(self, server, keys, command="incr", **options):
        """Makes `keys` keys, one after the other."""
        return self.load(server, command, **{"pipeline": 64, "keys": keys, "in_order": True, "requests": keys, **options})

    def paced(self, server, begin, seconds):
        """What a client of 1,000 INCR/s over 10 connections measured; `begin` runs a second after it has begun."""
        client = self.start_load(server, rate=1000, connections=10, keys=1000, prefix="paced", seconds=seconds)
        time.sleep(1)
        begin()
        return clients.finish(client)

    def line(self, *cells):
        self.lines.append(f"| {' | '.join(cells)} |")
        print(" ".join(cells), file=sys.stderr)


@contextlib.contextmanager
def opened(arguments):
    """A Bench; its servers are stopped and their data removed however this ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="tally-bench-", dir=arguments.dir) as directory:
        bench = Bench(arguments, Path(directory))
        warn_about(directory)
        try:
            yield bench
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            for server in bench.servers:
                server.close()


def write_json(path, measurements):
    if path:
        Path(path).write_text(json.dumps(measurements, indent=1))
