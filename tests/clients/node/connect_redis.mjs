// connect-redis, the session store of Express: sessions are kept, touched and destroyed, and outlive a crash.

import assert from 'node:assert/strict';
import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { port, restart, retry, step } from './scenario.mjs';

const client = createClient({ socket: { port } });
client.on('error', () => {});
await client.connect();
const store = new RedisStore({ client, ttl: 1000 });
const session = { cookie: { originalMaxAge: null }, user: 'Zoë', visits: 3 };

for (const id of ['a', 'b', 'c']) await store.set(id, { ...session, id });
assert.deepEqual(await store.get('b'), { ...session, id: 'b' });
assert.ok(!(await store.get('missing')));
assert.deepEqual((await store.ids()).sort(), ['a', 'b', 'c']);
assert.equal((await store.all()).length, 3);
assert.equal(await store.length(), 3);
const seconds = await client.ttl('sess:b');
assert.ok(900 < seconds && seconds <= 1000, `a session lives for ${seconds} s`);
step('store');

await client.expire('sess:a', 5);
assert.ok((await client.ttl('sess:a')) <= 5);
await store.touch('a', session);
assert.ok((await client.ttl('sess:a')) > 900, 'a touched session lives on');
step('touch');

await store.destroy('c');
assert.equal(await store.length(), 2);
step('destroy');

await restart();
assert.deepEqual(await retry(() => store.get('a')), { ...session, id: 'a' });
step('restart');

assert.deepEqual((await store.ids()).sort(), ['a', 'b']);
await store.clear();
assert.equal(await store.length(), 0);
step('find');

await client.quit();
process.exit(0);
