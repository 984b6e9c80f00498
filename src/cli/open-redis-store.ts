/** Opens the store of a fleet by the address of its Redis, with the client package that the application has installed. */

import type { Store } from '../index.ts';
import { redisStore, type IoRedisClient, type NodeRedisClient } from '../redis/index.ts';
import { loadFromProject, type ProjectModule } from './load-from-project.ts';
import { UsageError } from './usage-error.ts';

/** Whether `--store` is the address of a Redis rather than a file. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\//i.test(text);
}

/** A client that does not keep the program alive. */
interface Opened {
  readonly client: IoRedisClient | NodeRedisClient;
}

/** How a connection is kept. */
export interface RedisStoreUse {
  /** Connects again after a loss, for a program that runs on. @default false: a command fails */
  readonly reconnects?: boolean;
}

/**
 * @param address `redis://user:password@host:port/db?prefix=canary`; the prefix is that of `redisStore`
 * @throws UsageError for an invalid address, without an installed package, and if Redis does not answer
 */
export async function openRedisStore(address: string, { reconnects = false }: RedisStoreUse = {}): Promise<Store> {
  if (!URL.canParse(address)) throw new UsageError('--store should be a file or redis://host:port?prefix=canary');
  const url = new URL(address);
  const prefix = url.searchParams.get('prefix') ?? undefined;
  url.search = '';
  const { client } = await connected(url.href, reconnects).catch((error: unknown) => {
    // A message of a client may show the address, which may hold a password.
    if (error instanceof UsageError) throw error;
    throw new UsageError(`The Redis of --store, ${url.host}, does not answer`);
  });
  return redisStore(client, { prefix });
}

async function connected(url: string, reconnects: boolean): Promise<Opened> {
  for (const [name, open] of PACKAGES) {
    const loaded = await loadFromProject(name);
    if (loaded) return { client: await open(loaded, url, reconnects) };
  }
  throw new UsageError('--store redis://… needs a client of Redis in this folder: npm install @redis/client');
}

/** In the order in which they are looked for. */
const PACKAGES: readonly (readonly [
  string,
  (loaded: ProjectModule, url: string, reconnects: boolean) => Promise<Opened['client']>,
])[] = [
  ['@redis/client', openNodeRedis],
  ['redis', openNodeRedis],
  ['ioredis', openIoRedis],
];

interface NodeRedis extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  unref(): void;
}

async function openNodeRedis(loaded: ProjectModule, url: string, reconnects: boolean): Promise<NodeRedisClient> {
  const createClient = loaded['createClient'] as (options: object) => NodeRedis;
  const client = createClient({
    url,
    socket: { reconnectStrategy: reconnects ? reconnectDelayMs : false, connectTimeout: CONNECT_MS },
  });
  client.on('error', () => undefined);
  await client.connect();
  client.unref();
  return client;
}

interface IoRedis extends IoRedisClient {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  readonly stream?: { unref(): void };
}

async function openIoRedis(loaded: ProjectModule, url: string, reconnects: boolean): Promise<IoRedisClient> {
  const Redis = loaded['Redis'] as new (address: string, options: object) => IoRedis;
  const options = {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    retryStrategy: reconnects ? reconnectDelayMs : () => null,
  };
  const client = new Redis(url, options);
  client.on('error', () => undefined);
  await client.connect();
  client.stream?.unref();
  return client;
}

const CONNECT_MS = 5_000;

function reconnectDelayMs(attempts: number): number {
  return Math.min(2_000, 50 * 2 ** Math.min(attempts, 10));
}
