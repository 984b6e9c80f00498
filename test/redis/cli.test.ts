/** The program with `--store redis://…`. */

import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisStore } from '../../src/redis/index.ts';
import { folderWith, type Folder } from '../cli/run-cli.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';
import { hasRedis, startRedis, type RedisServer } from './redis-server.ts';

const MODULES = join(import.meta.dirname, '../../node_modules');

describe.skipIf(!hasRedis)('--store redis://…', () => {
  let server: RedisServer;
  const folders: Folder[] = [];

  /** A folder in which these packages are installed. */
  async function folderFor(...packages: readonly string[]): Promise<Folder> {
    const folder = await folderWith({});
    folders.push(folder);
    await mkdir(join(folder.path, 'node_modules'));
    for (const name of packages) await symlink(join(MODULES, name), join(folder.path, 'node_modules', name));
    return folder;
  }

  beforeAll(async () => {
    server = await startRedis();
    const client = createClient({ url: server.url });
    await client.connect();
    const { ai } = setUpRollout({}, { store: redisStore(client, { prefix: 'app' }) });
    // Its state is written, and no process is in charge any more.
    while (JSON.stringify(ai.canary.rollout.state.waitsFor).includes('starting')) await ai.canary.close();
    await ai.canary.close();
    client.destroy();
  });
  afterAll(async () => {
    for (const folder of folders) await folder[Symbol.asyncDispose]();
    await server.stop();
  });

  test.each(['@redis', 'ioredis'])("shows a rollout through the application's %s", async (name) => {
    const { run } = await folderFor(name);
    const store = `${server.url}?prefix=app`;
    const status = await run('status', '--store', store);
    expect([status.exitCode, status.stderr]).toEqual([0, '']);
    expect(status.stdout).toContain('gemini');
  });

  test('needs a client of Redis in the folder', async () => {
    const { run } = await folderFor();
    const { exitCode, stderr } = await run('status', '--store', server.url);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('npm install @redis/client');
  });

  test.each(['@redis', 'ioredis'])(
    'names the host of a Redis that does not answer, without its password (%s)',
    async (name) => {
      const { run } = await folderFor(name);
      const { exitCode, stderr } = await run('status', '--store', 'redis://:secret@127.0.0.1:1');
      expect(exitCode).toBe(2);
      expect(stderr).toContain('The Redis of --store, 127.0.0.1:1, does not answer');
      expect(stderr).not.toContain('secret');
    },
  );
});
