#!/usr/bin/env python3
"""Checks the include rules of the source tree (docs/ARCHITECTURE.md says why they are as they are).

    tests/check_layout.py [ROOT]         checks the tree at ROOT (default: the one this file is in)
    tests/check_layout.py --self-test    shows on small made-up trees that every rule catches who breaks it
"""

import re
import sys
import tempfile
from pathlib import Path

SOURCE_DIRS = ("protocol", "storage", "server")
ALL_DIRS = SOURCE_DIRS + ("tests", "bench")
MAX_LINES = 400

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
GUARD = re.compile(r"^[ \t]*#[ \t]*(pragma[ \t]+once\b|ifndef[ \t]+(\w+)\s+#[ \t]*define[ \t]+\2\b)", re.MULTILINE)

# What each layer must not include.
FORBIDDEN = {"protocol": ("storage", "server", "tests"), "storage": ("protocol", "server", "tests"), "server": ("tests",)}
# rocks_database.h itself stays free of it: that is the seam.
ROCKSDB_FILES = re.compile(r"^storage/rocks_(?!database\.h)\w+\.(h|cc)$")
SOCKETS = re.compile(r"^boost/(asio|beast)([/.]|$)")
SOCKET_FILES = re.compile(r"^server/((server|core|connection)(_\w+)?|\w+_door)\.(h|cc)$")
# Beast's HTTP parser, which needs no socket.
HTTP_PARSER = re.compile(r"^boost/(beast/|asio/buffer\.hpp$)")
HTTP_PARSER_FILES = re.compile(r"^server/http_request_reader\.cc$")
# connection_commands is the family of Redis's connection commands: it knows no socket.
SOCKET_FREE = re.compile(r"_commands\.(h|cc)$")
DATA_FILE = re.compile(r"^server/command_(table|docs|data)\w*\.(h|cc|inc)$")


def source_files(root):
    for directory in ALL_DIRS:
        base = root / directory
        if base.is_dir():
            yield from sorted(p for p in base.rglob("*") if p.suffix in (".h", ".cc"))


def component(path):
    """x.h and x.cc are one component: its place in the layering is that of both."""
    return path.rsplit(".", 1)[0]


def find_cycle(graph):
    """A list of nodes that include each other in a ring, or None."""
    done, on_path = set(), []

    def visit(node):
        if node in on_path:
            return on_path[on_path.index(node):] + [node]
        if node in done:
            return None
        on_path.append(node)
        for successor in sorted(graph.get(node, ())):
            cycle = visit(successor)
            if cycle:
                return cycle
        on_path.pop()
        done.add(node)
        return None

    for start in sorted(graph):
        cycle = visit(start)
        if cycle:
            return cycle
    return None


def check(root):
    problems = []
    graph = {}
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        layer = name.split("/", 1)[0]
        text = path.read_text(encoding="utf-8", errors="replace")

        if path.suffix == ".h" and not GUARD.search(text):
            problems.append(f"{name}: a header needs #pragma once")

        includes = INCLUDE.findall(text)
        for _, target in includes:
            if target.split("/", 1)[0] in ALL_DIRS and target.endswith(".cc"):
                problems.append(f"{name}: includes the source file {target}")
        if layer not in SOURCE_DIRS:
            continue

        lines = text.count("\n")
        if lines > MAX_LINES and not DATA_FILE.match(name):
            problems.append(f"{name}: {lines} lines; over {MAX_LINES} look for the idea that wants its own file")

        for kind, target in includes:
            top = target.split("/", 1)[0]
            if top in FORBIDDEN[layer]:
                problems.append(f"{name}: {layer}/ must not include {target}")
            if top == "rocksdb" and not ROCKSDB_FILES.match(name):
                problems.append(f"{name}: <{target}> belongs in storage/rocks_* alone, behind rocks_database.h")
            parses_http = HTTP_PARSER_FILES.match(name) and HTTP_PARSER.match(target)
            if SOCKETS.match(target) and not parses_http and (SOCKET_FREE.search(name) or not SOCKET_FILES.match(name)):
                problems.append(f"{name}: <{target}> belongs in server, core, connection and the doors")
            if kind == '"' and top not in ALL_DIRS:
                problems.append(f'{name}: "{target}" is not written from the root of the tree')
            if top in SOURCE_DIRS and component(target) != component(name):
                graph.setdefault(component(name), set()).add(component(target))

    if not any((root / directory).is_dir() for directory in SOURCE_DIRS):
        problems.append(f"{root}: there are no sources here")
    cycle = find_cycle(graph)
    if cycle:
        problems.append("includes form a ring: " + " -> ".join(cycle))
    return problems


def self_test():
    header = "#pragma once\n"
    good = {
        "protocol/reply.h": header + "#include <string>\n",
        "protocol/reply.cc": '#include "protocol/reply.h"\n',
        "storage/ticket.h": "#ifndef TALLY_TICKET_H_\n#define TALLY_TICKET_H_\n#endif\n",
        "storage/rocks_database.cc": "#include <rocksdb/db.h>\n",
        "server/connection.cc": '#include <boost/asio.hpp>\n#include "server/shard.h"\n',
        "server/core_events.h": header + "#include <boost/asio/post.hpp>\n",
        "server/http_request_reader.cc": "#include <boost/beast/http.hpp>\n#include <boost/asio/buffer.hpp>\n",
        "server/shard.h": header + '#include "storage/ticket.h"\n#include "protocol/reply.h"\n',
        "server/shard.cc": '#include "server/shard.h"\n#include <boost/crc.hpp>\n',
        "server/command_table.cc": "\n" * 1000,
        "tests/server/shard_test.cc": '#include "server/shard.h"\n' + "\n" * 1000,
    }
    bad = {
        "protocol includes storage": {"protocol/a.cc": '#include "storage/ticket.h"\n'},
        "protocol includes server": {"protocol/a.h": header + '#include "server/shard.h"\n'},
        "storage includes protocol": {"storage/a.cc": '#  include "protocol/reply.h"\n'},
        "storage includes server": {"storage/a.cc": "#include <server/shard.h>\n"},
        "server includes tests": {"server/a.cc": '#include "tests/fake.h"\n'},
        "RocksDB in another storage file": {"storage/recovery.cc": "#include <rocksdb/db.h>\n"},
        "RocksDB in the seam": {"storage/rocks_database.h": header + "#include <rocksdb/db.h>\n"},
        "RocksDB in the server": {"server/a.cc": "#include <rocksdb/status.h>\n"},
        "Asio in the session": {"server/session.cc": "#include <boost/asio/post.hpp>\n"},
        "Asio in storage": {"storage/a.cc": "#include <boost/asio.hpp>\n"},
        "Beast in the shard": {"server/shard_extra.h": header + "#include <boost/beast/core.hpp>\n"},
        "Beast in another HTTP file": {"server/http_dialogue.cc": "#include <boost/beast/http.hpp>\n"},
        "a socket beside the HTTP parser": {"server/http_request_reader.cc": "#include <boost/asio/ip/tcp.hpp>\n"},
        "Asio in a command family": {"server/connection_commands.cc": "#include <boost/asio.hpp>\n"},
        "ring of headers": {
            "server/a.h": header + '#include "server/b.h"\n',
            "server/b.h": header + '#include "server/c.h"\n',
            "server/c.h": header + '#include "server/a.h"\n',
        },
        "ring through a source file": {
            "server/a.h": header + '#include "server/b.h"\n',
            "server/b.h": header,
            "server/b.cc": '#include "server/b.h"\n#include "server/a.h"\n',
        },
        "header without guard": {"server/a.h": "struct A {};\n"},
        "test header without guard": {"tests/server/a.h": "struct A {};\n"},
        "long file": {"server/a.cc": "\n" * (MAX_LINES + 1)},
        "include not from the root": {"server/a.cc": '#include "shard.h"\n'},
        "include of a source file": {"tests/server/a.cc": '#include "server/shard.cc"\n'},
    }

    def problems_of(files):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return check(root)

    failures = []
    if problems_of(good):
        failures.append(f"the good tree is said to be bad: {problems_of(good)}")
    if len(problems_of({})) != 1:
        failures.append("an empty tree passes")
    for what, files in bad.items():
        found = problems_of({**good, **files})
        if len(found) != 1:
            failures.append(f"{what}: expected one problem, found {found}")
    for failure in failures:
        print(failure)
    print(f"{2 + len(bad)} trees checked, {len(failures)} surprises")
    return not failures


def main(arguments):
    if arguments == ["--self-test"]:
        return 0 if self_test() else 1
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__)
        return 0 if arguments in (["--help"], ["-h"]) else 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
