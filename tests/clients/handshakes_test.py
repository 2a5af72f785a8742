#!/usr/bin/env python3
"""Replays what clients send when they connect (handshakes.json) to Tally and to redis-server, and compares.

Where Redis answers without an error, so does Tally, with a reply of the same type; where Redis gives an error, Tally may
know more (it has what 7.2 added), but not where clients take the error for an answer.
"""

import json
import sys
from pathlib import Path

from resp import Connection, ErrorReply, Push
from server import RedisServer, Server

HANDSHAKES = Path(__file__).resolve().parent / "handshakes.json"
# Errors by which clients learn what the server is not.
MUST_FAIL = {("SENTINEL", "MASTERS"), ("CLUSTER", "NODES"), ("CLUSTER", "INFO")}


def what_clients_rely_on(command, reply):
    """What is wrong with a reply, beyond its type: what clients look at in it."""
    if command[0].upper() == "HELLO" and command[1:2] == ["3"]:
        types = {"server": str, "version": str, "proto": int, "id": int, "mode": str, "role": str, "modules": list}
        wrong = [name for name, kind in types.items() if not isinstance(reply.get(name), kind)]
        if wrong or reply["proto"] != 3 or reply["role"] != "master" or reply["mode"] != "standalone":
            return f"the map is {reply}"
    if command == ["INFO"]:
        missing = [line for line in ("loading:0", "redis_version:7.", "role:master") if f"\r\n{line}" not in reply]
        if missing:
            return f"INFO lacks {missing}"
    if command == ["CONFIG", "GET", "databases"] and reply not in ({"databases": "16"}, ["databases", "16"]):
        return f"the databases are {reply}"
    return None


def kind(reply, shape):
    """The part of a reply that must be alike: its outermost type; nil is one, whatever the version of RESP."""
    if isinstance(reply, ErrorReply):
        return "an error"
    return "nil" if reply is None else "a push" if isinstance(reply, Push) else shape[0]


def compare(handshake, tally_port, redis_port):
    """The differences, as lines of text."""
    differences = []
    with Connection(tally_port) as tally, Connection(redis_port) as redis:
        for command in handshake["commands"]:
            reply, wanted = tally.call(*command), redis.call(*command)
            found, expected = kind(reply, tally.shape), kind(wanted, redis.shape)
            if expected == "an error":
                if tuple(command) in MUST_FAIL and found != expected:
                    differences.append(f"{command}: must be an error ({wanted}), is {reply!r}")
                continue
            problem = f"Redis answers {expected} ({wanted!r:.80})" if found != expected else None
            problem = problem or what_clients_rely_on(command, reply)
            if problem:
                differences.append(f"{command}: {problem}; Tally answers {found} ({reply!r:.200})")
    return [f"{handshake['client']}: {difference}" for difference in differences]


def main():
    handshakes = json.loads(HANDSHAKES.read_text(encoding="utf-8"))
    with Server() as tally, RedisServer() as redis:
        differences = [line for each in handshakes for line in compare(each, tally.port, redis.port)]
    for difference in differences:
        print(difference)
    print(f"{len(handshakes)} handshakes replayed, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
