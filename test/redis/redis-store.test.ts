/** The store in Redis, through both clients, on a real server. */

import { createClient, createCluster } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../src/domain/store.ts';
import { redisStore, type RedisClient, type RedisStoreOptions } from '../../src/redis/index.ts';
import { describeStore, keptOfMany } from '../store/contract.ts';
import { hasRedis, startRedis, type RedisServer } from './redis-server.ts';

interface Connected {
  readonly client: RedisClient;
  readonly command: (name: string, ...words: string[]) => Promise<unknown>;
  readonly close: () => void;
}

interface ClientUnderTest {
  readonly name: string;
  readonly connect: (url: string) => Promise<Connected>;
  readonly flags?: readonly string[];
}

/** A cluster of one node. */
const CLUSTER = [
  '--cluster-enabled',
  'yes',
  '--cluster-announce-ip',
  '127.0.0.1',
  '--dir',
  mkdtempSync(join(tmpdir(), 'canary-redis-')),
];

const CLIENTS: readonly ClientUnderTest[] = [
  {
    name: '@redis/client',
    connect: async (url) => {
      const client = createClient({ url });
      await client.connect();
      return { client, command: async (...words) => client.sendCommand([...words]), close: () => client.destroy() };
    },
  },
  {
    name: '@redis/client with RESP 2',
    connect: async (url) => {
      const client = createClient({ url, RESP: 2 });
      await client.connect();
      return { client, command: async (...words) => client.sendCommand([...words]), close: () => client.destroy() };
    },
  },
  {
    name: 'ioredis',
    connect: async (url) => {
      const client = new Redis(url);
      return {
        client,
        command: async (name, ...words) => client.call(name, ...words),
        close: () => client.disconnect(),
      };
    },
  },
  {
    name: 'a cluster of @redis/client',
    connect: async (url) => {
      const client = createCluster({ rootNodes: [{ url }] });
      client.on('error', () => undefined);
      await client.connect();
      return {
        client,
        command: async (...words) => client.sendCommand(undefined, false, words),
        close: () => client.destroy(),
      };
    },
    flags: CLUSTER,
  },
  {
    name: 'a Cluster of ioredis',
    connect: async (url) => {
      const client = new Cluster([url]);
      return {
        client,
        command: async (name, ...words) => client.call(name, ...words),
        close: () => client.disconnect(),
      };
    },
    flags: CLUSTER,
  },
];

describe.skipIf(!hasRedis).each(CLIENTS)('through $name,', ({ name, connect, flags }) => {
  let server: RedisServer;
  let connected: Connected;
  let prefixes = 0;
  const newStore = (options: RedisStoreOptions = {}): Store =>
    redisStore(connected.client, { prefix: `${name} ${(prefixes += 1)}`, ...options });

  beforeAll(async () => {
    server = await startRedis(flags);
    connected = await connect(server.url);
  });
  afterAll(async () => {
    connected.close();
    await server.stop();
  });

  describeStore('redisStore()', async (clock) => newStore({ now: () => clock.now() }));

  test('it is persistent', () => expect(newStore().persistent).toBe(true));

  test('it forgets the oldest of more texts than maxOwners', async () => {
    expect(await keptOfMany(newStore({ maxOwners: 30 }), 30)).toEqual([undefined, 'x', 'x']);
  });

  test('it remembers more texts than fit into one command', async () => {
    expect(await keptOfMany(newStore({ maxOwners: 2_500 }), 2_500)).toEqual([undefined, 'x', 'x']);
  });

  test('a lease ends by the time of the server', async () => {
    const store = newStore();
    const first = await store.lease('a', 'one', 60);
    expect(await store.lease('a', 'two', 60)).toBeUndefined();
    let second = await store.lease('a', 'two', 60);
    while (!second) second = await store.lease('a', 'two', 60);
    expect(second.fence).toBeGreaterThan(first!.fence);
  });

  test('fences and ids rise across a loss of all data', async () => {
    const store = newStore();
    const before = await store.lease('a', 'one', 10_000);
    await store.post('box', 1);
    const [message] = await store.messages('box', 0);
    await connected.command('FLUSHALL');
    expect(await store.read('a')).toBeUndefined();
    expect((await store.lease('a', 'two', 10_000))!.fence).toBeGreaterThanOrEqual(before!.fence);
    expect(await store.write('a', 'late', before!.fence - 1)).toBe(false);
    await store.post('box', 2);
    expect((await store.messages('box', message!.id)).map((kept) => kept.message)).toEqual([2]);
  });

  test('it sends a script again whose text Redis has forgotten', async () => {
    const store = newStore();
    await store.write('a', 1, 0);
    await connected.command('SCRIPT', 'FLUSH');
    expect(await store.write('a', 2, 0)).toBe(true);
    expect(await store.read('a')).toBe(2);
  });

  test('stores with different prefixes share nothing', async () => {
    const [one, other] = [newStore(), newStore()];
    await one.write('a', 1, 0);
    await one.remember?.({ a: 'one' }, 1_000);
    expect(await other.read('a')).toBeUndefined();
    expect(await other.keys('')).toEqual([]);
    expect(await other.recall?.(['a'])).toEqual([undefined]);
  });

  test('all keys have the hash tag of the prefix', async () => {
    const prefix = `tag ${name}`;
    const store = newStore({ prefix });
    await store.write('a', 1, 0);
    await store.lease('a', 'one', 1_000);
    await store.post('box', 1);
    await store.addBlock('log', { source: 'one', sequence: 1, message: 1 });
    await store.remember?.({ a: 'one' }, 1_000);
    const keys = (await connected.command('KEYS', `*${prefix}*`)) as string[];
    expect(keys.toSorted()).toEqual(
      ['box:box', 'ids', 'leases', 'log:log', 'sequences:log', 'sources:log', 'texts', 'textsByAge', 'values'].map(
        (key) => `{${prefix}}:${key}`,
      ),
    );
  });

  test('a log and its sources expire', async () => {
    const store = newStore({ prefix: `expiry ${name}` });
    await store.addBlock('log', { source: 'one', sequence: 1, message: 1 });
    for (const key of ['log:log', 'sequences:log', 'sources:log']) {
      expect(Number(await connected.command('PTTL', `{expiry ${name}}:${key}`))).toBeGreaterThan(0);
    }
  });

  test('a value that is not JSON reads as lost, and a message that is not JSON as null', async () => {
    const prefix = `garbage ${name}`;
    const store = newStore({ prefix });
    await connected.command('HSET', `{${prefix}}:values`, 'a', '{"step":');
    await connected.command('ZADD', `{${prefix}}:box:b`, '7', '7 oops');
    expect(await store.read('a')).toEqual({ lost: 'the value in Redis is not JSON' });
    expect(await store.messages('b', 0)).toEqual([{ id: 7, message: null }]);
  });

  test('a key of another type rejects', async () => {
    const prefix = `type ${name}`;
    const store = newStore({ prefix });
    await connected.command('SET', `{${prefix}}:values`, 'x');
    await connected.command('SET', `{${prefix}}:leases`, 'x');
    await expect(store.read('a')).rejects.toThrow(/WRONGTYPE/);
    await expect(store.lease('a', 'one', 1_000)).rejects.toThrow(/WRONGTYPE/);
  });

  test('a lease that is not one rejects, and grants nothing', async () => {
    const prefix = `lease ${name}`;
    const store = newStore({ prefix });
    await connected.command('HSET', `{${prefix}}:leases`, 'a', 'oops');
    await expect(store.lease('a', 'one', 1_000)).rejects.toThrow('canary: invalid lease');
    await expect(store.write('a', 1, 5)).rejects.toThrow('canary: invalid lease');
    expect(await store.read('a')).toBeUndefined();
  });

  test('a write and a post are noticed by the listeners of every store with the prefix', async () => {
    const prefix = `notices ${name}`;
    const [one, other] = [newStore({ prefix }), newStore({ prefix })];
    const noticed: string[] = [];
    let stop = (): void => undefined;
    const both = new Promise<void>((resolve) => {
      stop = other.subscribe!((key) => {
        noticed.push(key);
        if (noticed.includes('a') && noticed.includes('box')) resolve();
      });
    });
    const isDone = both.then(() => true);
    // The connection that listens is opened in the background.
    for (let done = false; !done; done = await Promise.race([isDone, pause()])) {
      await one.write('a', 1, 0);
      await one.post('box', 1);
    }
    stop();
    expect(new Set(noticed)).toEqual(new Set(['a', 'box']));
  });

  test('the connection that listens is closed with its last listener', async () => {
    const store = newStore();
    const listening = async (): Promise<boolean> => {
      const list = String(await connected.command('CLIENT', 'LIST', 'TYPE', 'PUBSUB'));
      return list.includes('sub=1');
    };
    const stops = [store.subscribe!(() => undefined), store.subscribe!(() => undefined)];
    while (!(await listening())) await pause();
    stops[0]!();
    stops[1]!();
    while (await listening()) await pause();
    expect(await store.read('a')).toBeUndefined();
  });
});

test.each([
  [{}, /redisStore\.client should be a client of @redis\/client or ioredis, got an object/],
  ['redis://:secret@localhost', /redisStore\.client should be a client of @redis\/client or ioredis, got a string$/],
  [{ sendCommand: 1 }, /redisStore\.client should be a client/],
])('redisStore(%j) is a ConfigError', (client, message) => {
  expect(() => redisStore(client as unknown as RedisClient)).toThrow(message);
});

test.each([
  [{ prefix: '' }, /redisStore\.prefix should be a string/],
  [{ prefix: 'a}b' }, /redisStore\.prefix should not contain braces, got "a}b"/],
  [{ maxOwners: 0 }, /redisStore\.maxOwners should be .*, got 0/],
  [{ prefx: 'a' }, /redisStore\.prefx is not an option; did you mean prefix/],
])('redisStore() with %j is a ConfigError', (options, message) => {
  const client = { call: async () => null };
  expect(() => redisStore(client, options as RedisStoreOptions)).toThrow(message);
});

afterAll(() => rmSync(CLUSTER.at(-1)!, { recursive: true, force: true }));

const pause = (): Promise<false> => new Promise((resolve) => void setTimeout(resolve, 5, false));
