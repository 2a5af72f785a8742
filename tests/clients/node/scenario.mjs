// The scenario of README.md, over an adapter: an object with one function for each thing a client must do.
//
//   ping() incr(key) get(key) mget(keys) set(key, value, seconds?) pexpire(key, ms) ttl(key) exists(key)
//   mset(object) publish(channel, message) setByAnother(key, value) close()
//   addInAPipeline(key, summands)       the replies
//   decrUnlessChanged(key, meanwhile)   WATCH, meanwhile(), MULTI DECR EXEC: the replies of EXEC, null when it failed
//   subscribe(channel, listener)        on a second connection
//   scan(pattern, count)                all names, in an array

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export const [port, scenarioPath] = process.argv.slice(-2).map((word, i) => (i === 0 ? Number(word) : word));
export const step = (name) => console.log(`step ${name}`);

const input = createInterface({ input: process.stdin });

// Has the runner kill the server and start it again. Until that is done, `count` is called as often as it answers; what it
// answered last is returned.
export async function restart(count = () => sleep(10)) {
  let told = null;
  let isBack = false;
  once(input, 'line').then(() => { isBack = true; });
  console.log('restart');
  while (!isBack) {
    try {
      told = await count();
    } catch {
      await sleep(10);
    }
  }
  return told;
}

// What is under way when the server dies may fail, once; a library that has found its way back answers.
export async function retry(call) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

export async function until(condition, what) {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, what);
    await sleep(20);
  }
}

export async function run(client) {
  const s = JSON.parse(readFileSync(scenarioPath, 'utf8'));
  assert.equal(await client.ping(), 'PONG');
  step('connect');

  for (let count = 1; count <= s.counts; count++) assert.equal(await client.incr(s.counter), count);
  step('count');

  const summands = Array.from({ length: s.pipeline_length }, (_, i) => i + 1);
  const sums = summands.map((n) => (n * (n + 1)) / 2);
  assert.deepEqual(await client.addInAPipeline(s.pipeline_counter, summands), sums);
  step('pipeline');

  const transaction = async () => {
    await client.set(s.stock, String(s.stock_at_first));
    const another = () => client.setByAnother(s.stock, String(s.stock_by_another));
    assert.equal(await client.decrUnlessChanged(s.stock, another), null);
    assert.equal(await client.get(s.stock), String(s.stock_by_another));
    assert.deepEqual(await client.decrUnlessChanged(s.stock, () => {}), [s.stock_by_another - 1]);
  };
  await transaction();
  step('transaction');

  const received = [];
  await client.subscribe(s.channel, (message) => received.push(message));
  assert.equal(await client.publish(s.channel, s.message), 1);
  await until(() => received.length > 0, 'no message');
  assert.deepEqual(received, [s.message]);
  step('subscribe');

  await client.set(s.session, s.session_value, s.session_seconds);
  const seconds = await client.ttl(s.session);
  assert.ok(s.session_seconds - 10 <= seconds && seconds <= s.session_seconds, `the session lives for ${seconds} s`);
  await client.set(s.brief, 'soon gone');
  await client.pexpire(s.brief, s.brief_ms);
  await until(async () => (await client.exists(s.brief)) === 0, 'the brief key lives on');
  step('expire');

  const items = {};
  for (let number = 0; number < s.items; number++) items[`${s.item_prefix}${number}`] = String(number);
  await client.mset(items);
  const found = new Set(await client.scan(`${s.item_prefix}*`, s.scan_count));
  assert.deepEqual(found, new Set(Object.keys(items)));
  step('scan');

  const told = await restart(() => client.incr(s.restart_counter));
  assert.ok(told >= s.restart_counts - 1, `counted to ${told} only`);
  const kept = Number(await retry(() => client.get(s.restart_counter)));
  assert.ok(kept >= told, `told ${told}, kept ${kept}`);
  // The subscription comes back, too, without being asked for.
  received.length = 0;
  await until(async () => (await client.publish(s.channel, s.message)) === 1, 'nobody subscribed again');
  await until(() => received.length > 0, 'no message after the restart');
  step('restart');

  assert.equal(await client.incr(s.counter), s.counts + 1);
  assert.equal(await client.get(s.pipeline_counter), String(sums.at(-1)));
  assert.equal(await client.get(s.stock), String(s.stock_by_another - 1));
  assert.equal(await client.get(s.session), s.session_value);
  assert.deepEqual(await client.mget(Object.keys(items)), Object.values(items));
  // The other connection has come back, too. (node-redis 6 needs that: its quit() waits for ever while it reconnects.)
  await transaction();
  step('find');

  await client.close();
  input.close();
}
