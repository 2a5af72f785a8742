// keyv with @keyv/redis, which cache-manager uses as well: a cache with namespaces.

import assert from 'node:assert/strict';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { port, restart, retry, step, until } from './scenario.mjs';

const store = new KeyvRedis(`redis://127.0.0.1:${port}`);
const cacheOf = (namespace, keptIn = new KeyvRedis(`redis://127.0.0.1:${port}`)) => {
  const cache = new Keyv(keptIn, { namespace });
  cache.on('error', () => {});
  return cache;
};
const prices = cacheOf('prices', store);
const others = cacheOf('others');

assert.equal(await prices.set('apple', { cents: 42, name: 'Äpfel' }), true);
assert.deepEqual(await prices.get('apple'), { cents: 42, name: 'Äpfel' });
assert.equal(await others.get('apple'), undefined);
assert.equal(await prices.has('apple'), true);
assert.equal(await others.set('pear', 1), true);
await prices.setMany([{ key: 'fig', value: 1 }, { key: 'kiwi', value: 2 }]);
assert.deepEqual(await prices.getMany(['fig', 'kiwi', 'none']), [1, 2, undefined]);
assert.equal(await prices.delete('kiwi'), true);
step('cache');

// The cache looks at the clock itself; so the server is asked, too.
await prices.set('long', 1, 100_000);
const [long] = await store.client.keys('*long*');
const ms = await store.client.pTTL(long);
assert.ok(90_000 < ms && ms <= 100_000, `the long key lives for ${ms} ms`);
assert.equal(await prices.delete('long'), true);
await prices.set('brief', 1, 50);
await until(async () => (await prices.get('brief')) === undefined, 'the brief key lives on');
await until(async () => (await store.client.keys('*brief*')).length === 0, 'the server keeps the brief key');
step('expire');

const names = [];
for await (const [name] of prices.iterator()) names.push(name);
assert.deepEqual(names.sort(), ['apple', 'fig']);
step('iterate');

await others.set('pear', 2); // the last reply before the end
await restart();
// A cache may answer "nothing" while it has no connection.
await until(async () => (await retry(() => prices.get('apple'))) !== undefined, 'the cache did not come back');
step('restart');

assert.deepEqual(await prices.get('apple'), { cents: 42, name: 'Äpfel' });
assert.equal(await others.get('pear'), 2);
step('find');

await prices.clear();
assert.equal(await prices.has('apple'), false);
assert.equal(await others.get('pear'), 2);
step('clear');

await Promise.all([prices.disconnect(), others.disconnect()]);
process.exit(0);
