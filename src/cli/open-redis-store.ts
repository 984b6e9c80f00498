/** Opens the store of a fleet by the address of its Redis, with the client package that the application has installed. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Store } from '../index.ts';
import { redisStore, type IoRedisClient, type NodeRedisClient } from '../redis/index.ts';
import { UsageError } from './usage-error.ts';

/** Whether `--store` is the address of a Redis rather than a file. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\//i.test(text);
}

/** A client that does not keep the program alive. */
interface Opened {
  readonly client: IoRedisClient | NodeRedisClient;
}

/**
 * @param address `redis://user:password@host:port/db?prefix=canary`; the prefix is that of `redisStore`
 * @throws UsageError for an invalid address, without an installed package, and if Redis does not answer
 */
export async function openRedisStore(address: string): Promise<Store> {
  if (!URL.canParse(address)) throw new UsageError('--store should be a file or redis://host:port?prefix=canary');
  const url = new URL(address);
  const prefix = url.searchParams.get('prefix') ?? undefined;
  url.search = '';
  const { client } = await connected(url.href).catch((error: unknown) => {
    // A message of a client may show the address, which may hold a password.
    if (error instanceof UsageError) throw error;
    throw new UsageError(`The Redis of --store, ${url.host}, does not answer`);
  });
  return redisStore(client, { prefix });
}

async function connected(url: string): Promise<Opened> {
  for (const [name, open] of PACKAGES) {
    const loaded = await loadFromProject(name);
    if (loaded) return { client: await open(loaded, url) };
  }
  throw new UsageError('--store redis://… needs a client of Redis in this folder: npm install @redis/client');
}

type Module = Readonly<Record<string, unknown>>;

/** In the order in which they are looked for. */
const PACKAGES: readonly (readonly [string, (loaded: Module, url: string) => Promise<Opened['client']>])[] = [
  ['@redis/client', openNodeRedis],
  ['redis', openNodeRedis],
  ['ioredis', openIoRedis],
];

async function loadFromProject(name: string): Promise<Module | undefined> {
  let path: string;
  try {
    path = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch {
    return undefined;
  }
  const loaded = (await import(pathToFileURL(path).href)) as Module;
  return { ...(loaded['default'] as Module | undefined), ...loaded };
}

interface NodeRedis extends NodeRedisClient {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  unref(): void;
}

async function openNodeRedis(loaded: Module, url: string): Promise<NodeRedisClient> {
  const createClient = loaded['createClient'] as (options: object) => NodeRedis;
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS } });
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

async function openIoRedis(loaded: Module, url: string): Promise<IoRedisClient> {
  const Redis = loaded['Redis'] as new (address: string, options: object) => IoRedis;
  const options = { lazyConnect: true, connectTimeout: CONNECT_MS, retryStrategy: () => null };
  const client = new Redis(url, options);
  client.on('error', () => undefined);
  await client.connect();
  client.stream?.unref();
  return client;
}

const CONNECT_MS = 5_000;
