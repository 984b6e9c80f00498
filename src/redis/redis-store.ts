/** A store in Redis or Valkey, through the client of the application. */

import { checkKeys, checkNumber, checkObject, checkText } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Json, PartGrant, PartRequest, SourceBlock, Store, StoredMessage } from '../domain/store.ts';
import type { StoreOptions } from '../index.ts';
import { Changes } from './changes.ts';
import { connectionOf, type RedisClient, type RedisConnection, runScript } from './connection.ts';
import { ADD_BLOCK, LEASE, POST, RECALL, RELEASE, REMEMBER, type Script, TAKE_PARTS, WRITE } from './scripts.ts';

/** Options of `redisStore`. */
export interface RedisStoreOptions extends StoreOptions {
  /**
   * Starts every key. It is the hash tag of the keys as well, so that a cluster keeps them on one node. Applications that share a Redis need
   * different prefixes.
   * @default 'canary'
   */
  readonly prefix?: string | undefined;
  /**
   * The number of owners of response ids that the store keeps, about 150 bytes each. The oldest are forgotten first.
   * @default 100_000
   */
  readonly maxOwners?: number | undefined;
  /**
   * The time in ms since the Unix epoch, by which leases expire.
   * @default the time of the Redis server, so that clocks of processes need not agree
   */
  readonly now?: (() => number) | undefined;
}

/** A process that has died leads its rollouts for this long. */
const LEASE_MS = 2_000;
const MAX_MESSAGES = 100;
const MAX_BLOCKS = 10_000;
const MAX_SOURCES = 10_000;
/** What belongs to a log expires this long after its last block, in ms. */
const LOG_MS = 7 * 24 * 3_600_000;
/** Texts of one command: a command stops Redis for less than about 5 ms. */
const TEXTS_AT_ONCE = 1_000;

/**
 * A store in Redis 6 or later, or in Valkey, for a fleet of processes. `client` is a connected client of `@redis/client` (`redis`) or of
 * `ioredis`, or their cluster. It stays the application's: the store does not close it.
 *
 * Changes are atomic. Redis must not evict keys (`maxmemory-policy noeviction`). The keys hold numbers, names and hashes: no routing keys
 * and no bodies.
 *
 * @example new CanaryClient({ canary: { store: redisStore(redis, { prefix: 'my-app' }), rollout } })
 * @throws ConfigError
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  checkObject('redisStore.options', options);
  checkKeys('redisStore', options, ['prefix', 'maxOwners', 'now']);
  return new RedisStore(connectionOf(client), options);
}

class RedisStore implements Store {
  readonly persistent: boolean = true;
  readonly leaseMs: number = LEASE_MS;
  readonly subscribe: Store['subscribe'];
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #maxOwners: number;
  readonly #now: (() => number) | undefined;
  readonly #channel: string;

  constructor(connection: RedisConnection, { prefix = 'canary', maxOwners = 100_000, now }: RedisStoreOptions) {
    this.#prefix = `{${checkPrefix(prefix)}}`;
    this.#maxOwners = checkNumber('redisStore.maxOwners', maxOwners, { min: 1, integer: true });
    this.#now = now;
    this.#connection = connection;
    this.#channel = this.#key('changes');
    const changes = connection.listen && new Changes(connection.listen, this.#channel);
    this.subscribe = changes && ((listener) => changes.add(listener));
  }

  async read(key: string): Promise<Json | undefined> {
    const text = textOf(await this.#command('HGET', 'values', key));
    return text === undefined ? undefined : parsed(text, { lost: 'the value in Redis is not JSON' });
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const keys = textsOf(await this.#command('HKEYS', 'values'));
    return keys.filter((key) => key.startsWith(prefix)).toSorted();
  }

  async write(key: string, value: Json, fence: number): Promise<boolean> {
    const args = [key, JSON.stringify(value), fence, this.#channel];
    return numberOf(await this.#run(WRITE, ['leases', 'values'], args)) === 1;
  }

  async lease(key: string, holder: string, forMs: number): Promise<{ readonly fence: number } | undefined> {
    const fence = textOf(await this.#run(LEASE, ['leases'], [key, holder, forMs]));
    return fence === '' ? undefined : { fence: numberOf(fence) };
  }

  async release(key: string, holder: string): Promise<void> {
    await this.#run(RELEASE, ['leases'], [key, holder]);
  }

  async post(box: string, message: Json): Promise<void> {
    await this.#run(POST, ['ids', `box:${box}`], [box, JSON.stringify(message), MAX_MESSAGES, this.#channel]);
  }

  messages(box: string, afterId: number): Promise<readonly StoredMessage[]> {
    return this.#after(`box:${box}`, afterId);
  }

  async addBlock(log: string, { source, sequence, message }: SourceBlock): Promise<void> {
    const keys = ['ids', `log:${log}`, `sequences:${log}`, `sources:${log}`];
    const args = [log, JSON.stringify(message), MAX_BLOCKS, source, sequence, MAX_SOURCES, LOG_MS];
    await this.#run(ADD_BLOCK, keys, args);
  }

  blocks(log: string, afterId: number): Promise<readonly StoredMessage[]> {
    return this.#after(`log:${log}`, afterId);
  }

  async dropBlocks(log: string, throughId: number): Promise<void> {
    await this.#command('ZREMRANGEBYSCORE', `log:${log}`, '-inf', throughId);
  }

  async remember(texts: Readonly<Record<string, string>>, forMs: number): Promise<void> {
    const entries = Object.entries(texts);
    for (let start = 0; start < entries.length; start += TEXTS_AT_ONCE) {
      const batch = entries.slice(start, start + TEXTS_AT_ONCE).flat();
      await this.#run(REMEMBER, ['texts', 'textsByAge', 'ids'], [forMs, this.#maxOwners, ...batch]);
    }
  }

  async recall(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const found = textsOf(await this.#run(RECALL, ['texts'], keys));
    return keys.map((_, index) => (found[index] ? found[index].slice(1) : undefined));
  }

  async takeParts(requests: readonly PartRequest[]): Promise<readonly PartGrant[]> {
    const keys = requests.flatMap(({ name }) => ['used', 'parts', 'processes'].map((of) => `limit:${name}:${of}`));
    const args = requests.flatMap(({ source, limit, windowMs, total, recent, keeps, wants, least, forMs }) => {
      return [source, limit, windowMs, total, recent, keeps, wants, least, forMs];
    });
    const grants = textsOf(await this.#run(TAKE_PARTS, keys, args)).map((text) => text.split(' ').map(Number));
    return requests.map((_, index) => {
      const [held, free, processes, freeInMs] = grants[index] ?? [];
      if (held === undefined || free === undefined || processes === undefined || freeInMs === undefined)
        throw new TypeError('Redis answered with too few parts');
      return { held, free, processes, freeInMs: freeInMs < 0 ? undefined : freeInMs };
    });
  }

  async #after(name: string, afterId: number): Promise<readonly StoredMessage[]> {
    const kept = textsOf(await this.#command('ZRANGEBYSCORE', name, `(${afterId}`, '+inf'));
    return kept.map((text) => {
      const space = text.indexOf(' ');
      return { id: numberOf(text.slice(0, space)), message: parsed(text.slice(space + 1), null) };
    });
  }

  #command(name: string, key: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#connection.send({ name, keys: [this.#key(key)], args });
  }

  #run(script: Script, names: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const keys = names.map((name) => this.#key(name));
    return runScript(this.#connection, script, keys, [this.#now?.() ?? '', ...args]);
  }

  #key(name: string): string {
    return `${this.#prefix}:${name}`;
  }
}

/** Braces would end the hash tag early. */
function checkPrefix(prefix: string): string {
  const text = checkText('redisStore.prefix', prefix, 'a string');
  if (/[{}]/.test(text))
    throw new ConfigError('redisStore.prefix', `should not contain braces, got ${JSON.stringify(text)}`);
  return text;
}

function parsed(text: string, otherwise: Json): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return otherwise;
  }
}

/** `undefined` for a value that Redis does not have. A client may be set to return buffers. */
function textOf(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined;
  if (typeof reply === 'string') return reply;
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString();
  throw new TypeError(`Redis answered with ${typeof reply} instead of a string`);
}

function textsOf(reply: unknown): readonly string[] {
  if (!Array.isArray(reply)) throw new TypeError(`Redis answered with ${typeof reply} instead of a list`);
  return reply.map((item) => textOf(item) ?? '');
}

function numberOf(reply: unknown): number {
  const number = typeof reply === 'number' ? reply : Number(textOf(reply));
  if (!Number.isFinite(number)) throw new TypeError('Redis answered with something that is not a number');
  return number;
}
