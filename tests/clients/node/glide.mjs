// @valkey/valkey-glide: the client whose core is native.

import { Batch, GlideClient, GlideClientConfiguration, TimeUnit } from '@valkey/valkey-glide';
import { port, run } from './scenario.mjs';

const addresses = [{ host: '127.0.0.1', port }];
const client = await GlideClient.createClient({ addresses });
const another = await GlideClient.createClient({ addresses });
let subscriber;

await run({
  ping: () => client.ping(),
  incr: (key) => client.incr(key),
  get: (key) => client.get(key),
  mget: (keys) => client.mget(keys),
  set: (key, value, seconds) =>
    client.set(key, value, seconds ? { expiry: { type: TimeUnit.Seconds, count: seconds } } : {}),
  pexpire: (key, ms) => client.pexpire(key, ms),
  setByAnother: (key, value) => another.set(key, value),
  ttl: (key) => client.ttl(key),
  exists: (key) => client.exists([key]),
  mset: (items) => client.mset(items),
  publish: (channel, message) => client.publish(message, channel),
  addInAPipeline(key, summands) {
    const batch = new Batch(false);
    for (const summand of summands) batch.incrBy(key, summand);
    return client.exec(batch, true);
  },
  async decrUnlessChanged(key, meanwhile) {
    await client.watch([key]);
    await meanwhile();
    return client.exec(new Batch(true).decr(key), true);
  },
  async subscribe(channel, listener) {
    subscriber = await GlideClient.createClient({
      addresses,
      pubsubSubscriptions: {
        channelsAndPatterns: { [GlideClientConfiguration.PubSubChannelModes.Exact]: new Set([channel]) },
        callback: ({ message }) => listener(message),
      },
    });
  },
  async scan(pattern, count) {
    const names = [];
    let cursor = '0';
    do {
      const [next, some] = await client.scan(cursor, { match: pattern, count });
      names.push(...some);
      cursor = next;
    } while (cursor !== '0');
    return names;
  },
  close: () => [client, another, subscriber].forEach((each) => each.close()),
});
