// node-redis, of the major version that the first argument names as package.json does.

import { readFileSync } from 'node:fs';

import { port, run } from './scenario.mjs';

const ca = process.env.TALLY_TLS_CA;
const socket = ca === undefined ? { port } : { port, tls: true, ca: readFileSync(ca) };

const { createClient, WatchError } = await import(process.argv[2]);

async function connected(client) {
  client.on('error', () => {}); // it connects again by itself; without a listener it would end the process
  await client.connect();
  return client;
}

const client = await connected(createClient({ socket }));
const another = await connected(client.duplicate());
const subscriber = await connected(client.duplicate());

await run({
  ping: () => client.ping(),
  incr: (key) => client.incr(key),
  get: (key) => client.get(key),
  mget: (keys) => client.mGet(keys),
  set: (key, value, seconds) => client.set(key, value, seconds ? { EX: seconds } : {}),
  pexpire: (key, ms) => client.pExpire(key, ms),
  setByAnother: (key, value) => another.set(key, value),
  ttl: (key) => client.ttl(key),
  exists: (key) => client.exists(key),
  mset: (items) => client.mSet(items),
  publish: (channel, message) => client.publish(channel, message),
  addInAPipeline: (key, summands) => Promise.all(summands.map((summand) => client.incrBy(key, summand))),
  async decrUnlessChanged(key, meanwhile) {
    await client.watch(key);
    await meanwhile();
    try {
      return await client.multi().decr(key).exec();
    } catch (error) {
      if (error instanceof WatchError) return null;
      throw error;
    }
  },
  subscribe: (channel, listener) => subscriber.subscribe(channel, listener),
  async scan(pattern, count) {
    const names = [];
    // One name at a time in version 4, some at a time since.
    for await (const some of client.scanIterator({ MATCH: pattern, COUNT: count })) names.push(some);
    return names.flat();
  },
  close: () => Promise.all([client, another, subscriber].map((each) => each.quit())),
});
