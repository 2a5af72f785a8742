"""Debian's python3-redis with asyncio: the scenario of README.md."""

import asyncio
import json
import sys
from pathlib import Path

import redis
import redis.asyncio

port, scenario = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
items = {f"{scenario['item_prefix']}{number}".encode(): str(number).encode() for number in range(scenario["items"])}


def step(name):
    print("step", name, flush=True)


def expect(wanted, got):
    assert got == wanted, f"expected {wanted!r}, got {got!r}"


async def count(client):
    # Side by side on connections of their own, so in any order; but each number once.
    counted = await asyncio.gather(*(client.incr(scenario["counter"]) for _ in range(scenario["counts"])))
    expect(list(range(1, scenario["counts"] + 1)), sorted(counted))
    step("count")


async def add_in_a_pipeline(client):
    pipeline = client.pipeline(transaction=False)
    sums = []
    for summand in range(1, scenario["pipeline_length"] + 1):
        pipeline.incrby(scenario["pipeline_counter"], summand)
        sums.append(sum(range(summand + 1)))
    expect(sums, await pipeline.execute())
    step("pipeline")


async def take_from_the_stock(client):
    await client.set(scenario["stock"], scenario["stock_at_first"])
    async with client.pipeline() as transaction:
        await transaction.watch(scenario["stock"])
        await client.set(scenario["stock"], scenario["stock_by_another"])
        transaction.multi()
        transaction.decr(scenario["stock"])
        try:
            await transaction.execute()
            raise AssertionError("the transaction succeeded although the watched key had changed")
        except redis.WatchError:
            pass
        await transaction.watch(scenario["stock"])
        expect(str(scenario["stock_by_another"]).encode(), await transaction.get(scenario["stock"]))
        transaction.multi()
        transaction.decr(scenario["stock"])
        expect([scenario["stock_by_another"] - 1], await transaction.execute())
    step("transaction")


async def get_a_message(client):
    async with client.pubsub() as listener:
        await listener.subscribe(scenario["channel"])
        expect("subscribe", (await listener.get_message(timeout=10))["type"])
        expect(1, await client.publish(scenario["channel"], scenario["message"]))
        message = await listener.get_message(timeout=10)
        expect(("message", scenario["message"].encode()), (message["type"], message["data"]))
    step("subscribe")


async def let_expire(client):
    expect(True, await client.set(scenario["session"], scenario["session_value"], ex=scenario["session_seconds"]))
    assert scenario["session_seconds"] - 10 <= await client.ttl(scenario["session"]) <= scenario["session_seconds"]
    expect(True, await client.set(scenario["brief"], "soon gone"))
    expect(True, await client.pexpire(scenario["brief"], scenario["brief_ms"]))
    async with asyncio.timeout(10):
        while await client.exists(scenario["brief"]):
            await asyncio.sleep(scenario["brief_ms"] / 1000)
    step("expire")


async def scan(client):
    expect(True, await client.mset(items))
    found = client.scan_iter(match=scenario["item_prefix"] + "*", count=scenario["scan_count"])
    expect(set(items), {name async for name in found})
    step("scan")


async def find_all(client):
    print("restart", flush=True)
    is_back = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    told = 0
    while not is_back.done():
        try:
            told = await client.incr(scenario["restart_counter"])
        except redis.ConnectionError:
            await asyncio.sleep(0.01)
    assert told >= scenario["restart_counts"] - 1, f"counted to {told} only"
    kept = int(await client.get(scenario["restart_counter"]))
    assert kept >= told, f"told {told}, kept {kept}"
    step("restart")
    expect(scenario["counts"] + 1, await client.incr(scenario["counter"]))
    expect(sum(range(scenario["pipeline_length"] + 1)), int(await client.get(scenario["pipeline_counter"])))
    expect(scenario["stock_by_another"] - 1, int(await client.get(scenario["stock"])))
    expect(scenario["session_value"].encode(), await client.get(scenario["session"]))
    expect(list(items.values()), await client.mget(list(items)))
    step("find")


async def main():
    client = redis.asyncio.Redis(port=port)
    expect(True, await client.ping())
    step("connect")
    for part in (count, add_in_a_pipeline, take_from_the_stock, get_a_message, let_expire, scan, find_all):
        await part(client)
    await client.close()


asyncio.run(main())
