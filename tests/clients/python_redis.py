"""Debian's python3-redis, synchronous: the scenario of README.md."""

import json
import sys
import time
from pathlib import Path

import redis

port, scenario = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


def step(name):
    print("step", name, flush=True)


def expect(wanted, got):
    assert got == wanted, f"expected {wanted!r}, got {got!r}"


client = redis.Redis(port=port)
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

another = redis.Redis(port=port)
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

with another.pubsub(ignore_subscribe_messages=True) as listener:
    listener.subscribe(scenario["channel"])
    expect(None, listener.get_message(timeout=10))  # that it has subscribed
    expect(1, client.publish(scenario["channel"], scenario["message"]))
    expect(scenario["message"].encode(), listener.get_message(timeout=10)["data"])
step("subscribe")

expect(True, client.set(scenario["session"], scenario["session_value"], ex=scenario["session_seconds"]))
assert scenario["session_seconds"] - 10 <= client.ttl(scenario["session"]) <= scenario["session_seconds"]
expect(True, client.set(scenario["brief"], "soon gone", px=scenario["brief_ms"]))
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
sys.stdin.readline()
expect(str(scenario["counts"]).encode(), client.get(scenario["counter"]))
step("restart")

expect(scenario["counts"] + 1, client.incr(scenario["counter"]))
expect(str(sums[-1]).encode(), client.get(scenario["pipeline_counter"]))
expect(str(scenario["stock_by_another"] - 1).encode(), client.get(scenario["stock"]))
expect(scenario["session_value"].encode(), client.get(scenario["session"]))
expect(list(items.values()), client.mget(list(items)))
step("find")
