// ioredis and its sister iovalkey: the first argument says which.

import { port, run } from './scenario.mjs';

const { Redis } = await import(process.argv[2]);

function quiet(client) {
  client.on('error', () => {}); // it connects again by itself
  return client;
}

const client = quiet(new Redis(port));
const another = quiet(client.duplicate());
const subscriber = quiet(client.duplicate());

// [[error, reply], …] of a pipeline; null of a transaction that failed.
function replies(results) {
  return results?.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  }) ?? null;
}

await run({
  ping: () => client.ping(),
  incr: (key) => client.incr(key),
  get: (key) => client.get(key),
  mget: (keys) => client.mget(keys),
  set: (key, value, seconds) => (seconds ? client.set(key, value, 'EX', seconds) : client.set(key, value)),
  pexpire: (key, ms) => client.pexpire(key, ms),
  setByAnother: (key, value) => another.set(key, value),
  ttl: (key) => client.ttl(key),
  exists: (key) => client.exists(key),
  mset: (items) => client.mset(items),
  publish: (channel, message) => client.publish(channel, message),
  async addInAPipeline(key, summands) {
    const pipeline = client.pipeline();
    for (const summand of summands) pipeline.incrby(key, summand);
    return replies(await pipeline.exec());
  },
  async decrUnlessChanged(key, meanwhile) {
    await client.watch(key);
    await meanwhile();
    return replies(await client.multi().decr(key).exec());
  },
  async subscribe(channel, listener) {
    subscriber.on('message', (_, message) => listener(message));
    await subscriber.subscribe(channel);
  },
  async scan(pattern, count) {
    const names = [];
    for await (const some of client.scanStream({ match: pattern, count })) names.push(...some);
    return names;
  },
  close: () => Promise.all([client, another, subscriber].map((each) => each.quit())),
});
