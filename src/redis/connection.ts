/** A Redis client of the application behind one small interface. */

import { kindOf } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Script } from './scripts.ts';

/** A command of Redis. */
export interface RedisCommand {
  readonly name: string;
  /** The keys, all with one hash tag. */
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  /** The script of an `EVALSHA` or `EVAL`, whose number of keys precedes the keys. */
  readonly before?: readonly string[];
}

/** What the store needs of a client. */
export interface RedisConnection {
  send(command: RedisCommand): Promise<unknown>;
  /** Opens a second connection that listens to a channel; `undefined` if the client cannot be duplicated. */
  readonly listen: ((channel: string, listener: (message: string) => void) => Promise<Listening>) | undefined;
}

/** A second connection that listens. */
export interface Listening {
  close(): void;
}

/** A client of `ioredis` 5 or later, or its `Cluster`. */
export interface IoRedisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate?: unknown;
}

/** A client of `@redis/client` (also of `redis`) 5 or later, or its pool. */
export interface NodeRedisClient {
  sendCommand(args: string[]): Promise<unknown>;
  duplicate?: unknown;
}

/** A cluster of `@redis/client` 5 or later. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>;
  readonly masters: readonly unknown[];
  duplicate?: unknown;
}

/** A connected client of the application. */
export type RedisClient = IoRedisClient | NodeRedisClient | NodeRedisCluster;

/** @throws ConfigError for an object that is not a client */
export function connectionOf(client: RedisClient): RedisConnection {
  const methods = client as Partial<IoRedisClient & NodeRedisCluster> | null | undefined;
  const isObject = typeof methods === 'object' && methods !== null;
  if (!isObject || (typeof methods.call !== 'function' && typeof methods.sendCommand !== 'function')) {
    throw new ConfigError('redisStore.client', `should be a client of @redis/client or ioredis, got ${kindOf(client)}`);
  }
  keepRunning(methods as Partial<Emitter>);
  return { send: senderOf(client), listen: listenerOf(client) };
}

/** Runs a script by its hash, and sends its text where Redis does not know it yet. */
export async function runScript(
  connection: RedisConnection,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await connection.send({ name: 'EVALSHA', before: [sha, `${keys.length}`], keys, args });
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return connection.send({ name: 'EVAL', before: [text, `${keys.length}`], keys, args });
  }
}

function senderOf(client: RedisClient): RedisConnection['send'] {
  const wordsOf = ({ before = [], keys, args }: RedisCommand): string[] => [...before, ...keys, ...args].map(String);
  if ('call' in client) return async (command) => client.call(command.name, ...wordsOf(command));
  if ('masters' in client) {
    return async (command) => client.sendCommand(command.keys[0], false, [command.name, ...wordsOf(command)]);
  }
  return async (command) => client.sendCommand([command.name, ...wordsOf(command)]);
}

interface Emitter {
  on(event: string, listener: (...args: never[]) => void): unknown;
  listenerCount(event: string): number;
}

/** What is used of a duplicated client. The methods of both packages are optional here, because only one package is there. */
interface Duplicate extends Emitter {
  connect?(): Promise<unknown>;
  subscribe(channel: string, listener?: (message: string) => void): Promise<unknown>;
  /** `@redis/client`: closes at once. */
  destroy?(): void;
  unref?(): void;
  /** `ioredis`: closes at once. */
  disconnect?(): void;
  readonly stream?: { unref?(): void };
  readonly status?: string;
}

function listenerOf(client: RedisClient): RedisConnection['listen'] {
  const { duplicate } = client;
  if (typeof duplicate !== 'function') return undefined;
  return async (channel, listener) => {
    const copy = (duplicate as () => Duplicate).call(client);
    // A connection that is lost is opened again by the client. Until then the store is polled.
    copy.on('error', () => undefined);
    if (typeof copy.subscribe !== 'function') return { close: () => closeNow(copy) };
    try {
      await ('call' in client ? listenByIoRedis : listenByNodeRedis)(copy, channel, listener);
    } catch (error) {
      closeNow(copy);
      throw error;
    }
    return { close: () => closeNow(copy) };
  };
}

async function listenByIoRedis(copy: Duplicate, channel: string, listener: (message: string) => void): Promise<void> {
  // The process may end while it listens.
  copy.on('connect', () => copy.stream?.unref?.());
  copy.on('message', (_channel: string, message: string) => listener(message));
  await copy.subscribe(channel);
}

async function listenByNodeRedis(copy: Duplicate, channel: string, listener: (message: string) => void): Promise<void> {
  await copy.connect?.();
  copy.unref?.();
  await copy.subscribe(channel, listener);
}

function closeNow(copy: Duplicate): void {
  try {
    if (copy.disconnect && 'status' in copy) copy.disconnect();
    else copy.destroy?.();
  } catch {
    // It was closed already.
  }
}

/** A lost connection ends the process where an application does not listen for errors. The store warns of it instead. */
function keepRunning(client: Partial<Emitter>): void {
  if (typeof client.on === 'function' && client.listenerCount?.('error') === 0) client.on('error', () => undefined);
}
