"""Debian's python3-redis, synchronous: the scenario of README.md."""

import json
import os
import select
import sys
import time
from pathlib import Path

import redis

port, scenario = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


tls = {"ssl": True, "ssl_ca_certs": os.environ["TALLY_TLS_CA"]} if "TALLY_TLS_CA" in os.environ else {}


def step(name):
    print("step", name, flush=True)


def expect(wanted, got):
    assert got == wanted, f"expected {wanted!r}, got {got!r}"


client = redis.Redis(port=port, **tls)
expect(True, client.ping())
step("connect")

expect(list(range(1, scenario["counts"] + 1)), [client.incr(scenario["counter"]) for _ in range(scenario["counts"])])
step("count")

pipeline = client.pipeline(transaction=False)
sums = []
for summand in range(1, scenario["pipeline_length"] + 1):
    pipeline.incrby(scenario["pipeline_counter"], summand)
    sums.append(sum(range(summand + 1)))
expect(sums, pipeline.execute())
step("pipeline")

another = redis.Redis(port=port, **tls)
client.set(scenario["stock"], scenario["stock_at_first"])
with client.pipeline() as transaction:
    transaction.watch(scenario["stock"])
    expect(str(scenario["stock_at_first"]).encode(), transaction.get(scenario["stock"]))
    another.set(scenario["stock"], scenario["stock_by_another"])
    transaction.multi()
    transaction.decr(scenario["stock"])
    try:
        transaction.execute()
        raise AssertionError("the transaction succeeded although the watched key had changed")
    except redis.WatchError:
        pass
    transaction.watch(scenario["stock"])
    expect(str(scenario["stock_by_another"]).encode(), transaction.get(scenario["stock"]))
    transaction.multi()
    transaction.decr(scenario["stock"])
    expect([scenario["stock_by_another"] - 1], transaction.execute())
step("transaction")

listener = another.pubsub(ignore_subscribe_messages=True)
listener.subscribe(scenario["channel"])
expect(None, listener.get_message(timeout=10))  # that it has subscribed
expect(1, client.publish(scenario["channel"], scenario["message"]))
expect(scenario["message"].encode(), listener.get_message(timeout=10)["data"])
step("subscribe")

expect(True, client.set(scenario["session"], scenario["session_value"], ex=scenario["session_seconds"]))
assert scenario["session_seconds"] - 10 <= client.ttl(scenario["session"]) <= scenario["session_seconds"]
expect(True, client.set(scenario["brief"], "soon gone"))
expect(True, client.pexpire(scenario["brief"], scenario["brief_ms"]))
deadline = time.monotonic() + 10
while client.exists(scenario["brief"]):
    assert time.monotonic() < deadline, "the brief key lives on"
    time.sleep(scenario["brief_ms"] / 1000)
step("expire")

items = {f"{scenario['item_prefix']}{number}".encode(): str(number).encode() for number in range(scenario["items"])}
expect(True, client.mset(items))
expect(set(items), set(client.scan_iter(match=scenario["item_prefix"] + "*", count=scenario["scan_count"])))
step("scan")

print("restart", flush=True)
TOLD = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        TOLD = client.incr(scenario["restart_counter"])
    except redis.ConnectionError:
        time.sleep(0.01)
sys.stdin.readline()
assert TOLD >= scenario["restart_counts"] - 1, f"counted to {TOLD} only"
kept = int(client.get(scenario["restart_counter"]))
assert kept >= TOLD, f"told {TOLD}, kept {kept}"
# The listener subscribes again by itself, once it has noticed.
deadline = time.monotonic() + 10
while client.publish(scenario["channel"], scenario["message"]) == 0:
    assert time.monotonic() < deadline, "nobody subscribed again"
    try:
        listener.get_message(timeout=0.05)
    except redis.ConnectionError:
        pass
while not (message := listener.get_message(timeout=1)):
    assert time.monotonic() < deadline, "no message after the restart"
expect(scenario["message"].encode(), message["data"])
step("restart")

expect(scenario["counts"] + 1, client.incr(scenario["counter"]))
expect(str(sums[-1]).encode(), client.get(scenario["pipeline_counter"]))
expect(str(scenario["stock_by_another"] - 1).encode(), client.get(scenario["stock"]))
expect(scenario["session_value"].encode(), client.get(scenario["session"]))
expect(list(items.values()), client.mget(list(items)))
step("find")
