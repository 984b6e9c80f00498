/** The store in a file. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { fileStore } from '../../src/store/file-store.ts';
import { describeStore, keptOfMany } from './contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'canary-store-'));
const handle = await open(folder);
afterAll(async () => {
  await handle.close();
  await rm(folder, { recursive: true });
});

let files = 0;
const newPath = (): string => join(folder, `store-${(files += 1)}.json`);

/** The files whose names begin with that of `path`. */
const filesBeside = async (path: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith(basename(path)));

/** The lock of a process that was killed while it held it. */
async function leaveLock(lock: string): Promise<void> {
  const module = new URL('../../src/store/file-lock.ts', import.meta.url).href;
  const script = `
    const { acquireFileLock } = await import(${JSON.stringify(module)});
    await acquireFileLock(${JSON.stringify(lock)}, () => undefined);
    process.kill(process.pid, 'SIGKILL');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

/** Holds the next `sync` of a file until `goOn`, as a slow disk or a stopped process does. */
function holdNextSync() {
  const prototype = Object.getPrototypeOf(handle) as { sync: () => Promise<void> };
  let goOn = (): void => undefined;
  const isReached = new Promise<void>((reached) => {
    const held = new Promise<void>((resolve) => (goOn = resolve));
    vi.spyOn(prototype, 'sync').mockImplementationOnce(() => {
      reached();
      return held;
    });
  });
  return { isReached, goOn: () => goOn() };
}

describeStore('fileStore()', async (clock) => fileStore(newPath(), { now: () => clock.now() }));

describe('a file store', () => {
  test('is persistent', () => {
    expect(fileStore(newPath()).persistent).toBe(true);
  });

  test('creates no file before the first write', async () => {
    const path = newPath();
    await fileStore(path).read('a');
    expect(await readdir(folder)).not.toContain(path);
  });

  test('shares values and leases with another store on the same file', async () => {
    const path = newPath();
    const [one, two] = [fileStore(path), fileStore(path)];
    await one.write('a', { step: 3 }, 0);
    expect(await two.read('a')).toEqual({ step: 3 });
    await one.lease('a', 'one', 60_000);
    expect(await two.lease('a', 'two', 60_000)).toBeUndefined();
  });

  test('keeps the changes of several concurrent writers', async () => {
    const path = newPath();
    const stores = [fileStore(path), fileStore(path), fileStore(path)];
    await Promise.all(stores.flatMap((store) => [1, 2, 3, 4].map((message) => store.post('box', message))));
    const ids = (await fileStore(path).messages('box', 0)).map(({ id }) => id);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test.each([['{"values": {"a"'], ['[]'], ['null'], [''], ['{"values": 1, "leases": {}, "boxes": {}}']])(
    'reads the values of an invalid file (%j) as lost, reports it once and keeps the file',
    async (text) => {
      const path = newPath();
      await writeFile(path, text);
      const messages: string[] = [];
      const store = fileStore(path, { onCorrupt: (message) => messages.push(message) });
      const lost = { lost: expect.stringContaining('not a valid store') };
      expect(await store.read('a')).toEqual(lost);
      await store.release('a', 'one');
      expect(await store.write('a', 1, 0)).toBe(true);
      await store.write('a', 2, 0);
      expect(await store.read('a')).toBe(2);
      expect(await fileStore(path).read('b')).toEqual(lost);
      expect(messages).toHaveLength(1);
      expect(await readFile(`${path}.corrupt`, 'utf8')).toBe(text);
    },
  );

  test('takes over the lock of a crashed process', async () => {
    const path = newPath();
    await writeFile(`${path}.lock`, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    expect(await fileStore(path).write('a', 1, 0)).toBe(true);
  });

  test('takes over the lock of a killed process at once', async () => {
    const path = newPath();
    await leaveLock(`${path}.lock`);
    const startMs = performance.now();
    expect(await fileStore(path).write('a', 1, 0)).toBe(true);
    // Any lock is stale after 5 s.
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(await filesBeside(path)).toEqual([basename(path)]);
  });

  test.each(['of another machine', 'of a live process'])('waits for a lock %s', async (whose) => {
    const path = newPath();
    const lock = `${path}.lock`;
    await leaveLock(lock);
    const [token, pid, space] = (await readFile(lock, 'utf8')).split(' ');
    await writeFile(lock, whose === 'of a live process' ? `${token} ${process.pid} ${space}` : `${token} ${pid} other`);
    let isDone = false;
    const writing = fileStore(path)
      .write('a', 1, 0)
      .then(() => (isDone = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isDone).toBe(false);
    await rm(lock);
    await writing;
  });

  test('takes over a lock whose time stamp lies in the future', { timeout: 15_000 }, async () => {
    const path = newPath();
    await writeFile(`${path}.lock`, '');
    const inAYear = new Date(Date.now() + 31_536_000_000);
    await utimes(`${path}.lock`, inAYear, inAYear);
    expect(await fileStore(path).write('a', 1, 0)).toBe(true);
  });

  test('a process that is stopped within its write does not overwrite what another has written', async () => {
    const path = newPath();
    const old = fileStore(path);
    const { fence = 0 } = (await old.lease('a', 'old', 1)) ?? {};
    const late = holdNextSync();
    const writing = old.write('a', 'by the old process', fence);
    await late.isReached;
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    const other = fileStore(path);
    const lease = await other.lease('a', 'new', 60_000);
    expect(await other.write('a', 'by the new process', lease?.fence ?? 0)).toBe(true);
    late.goOn();
    expect(await writing).toBe(false);
    expect(await fileStore(path).read('a')).toBe('by the new process');
    expect(await filesBeside(path)).toEqual([basename(path)]);
  });

  test('leaves the lock of another process alone after losing its own', async () => {
    const path = newPath();
    const late = holdNextSync();
    const writing = fileStore(path).write('a', 1, 0);
    await late.isReached;
    await writeFile(`${path}.lock`, 'of another process');
    late.goOn();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('of another process');
    await rm(`${path}.lock`);
    expect(await writing).toBe(true);
  });

  test('follows no symbolic link in the place of the lock or of the kept file', async () => {
    const path = newPath();
    const target = newPath();
    await writeFile(target, 'untouched');
    await symlink(target, `${path}.corrupt`);
    await writeFile(path, 'invalid');
    await fileStore(path, { onCorrupt: () => undefined }).write('a', 1, 0);
    expect(await readFile(target, 'utf8')).toBe('untouched');
    expect(await readFile(`${path}.corrupt`, 'utf8')).toBe('invalid');
  });

  test('is readable by its owner only, and leaves no temporary file', async () => {
    const path = newPath();
    await fileStore(path).write('a', 1, 0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await filesBeside(path)).toEqual([basename(path)]);
  });

  test('rejects a change that cannot be written, and keeps the old content', async () => {
    const store = fileStore(join(folder, 'no-such-folder', 'store.json'));
    await expect(store.write('a', 1, 0)).rejects.toThrow('ENOENT');
    expect(await store.read('a')).toBeUndefined();
  });
});

test('a file store forgets the oldest of more than 10,000 texts', async () => {
  expect(await keptOfMany(fileStore(newPath()), 10_000)).toEqual([undefined, 'x', 'x']);
});
