/** The store in a file. */

import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../src/store/file-store.ts';
import { describeStore } from './contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'canary-store-'));
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
const newPath = (): string => join(folder, `store-${(files += 1)}.json`);

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
    'starts empty on an invalid file (%j), reports it once and keeps the file',
    async (text) => {
      const path = newPath();
      await writeFile(path, text);
      const messages: string[] = [];
      const store = fileStore(path, { onCorrupt: (message) => messages.push(message) });
      expect(await store.read('a')).toBeUndefined();
      expect(await store.write('a', 1, 0)).toBe(true);
      await store.write('a', 2, 0);
      expect(await store.read('a')).toBe(2);
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

  test('is readable by its owner only, and leaves no temporary file', async () => {
    const path = newPath();
    await fileStore(path).write('a', 1, 0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const beside = (await readdir(folder)).filter((name) => path.endsWith(name.split('.json')[0]! + '.json'));
    expect(beside).toHaveLength(1);
  });

  test('rejects a change that cannot be written, and keeps the old content', async () => {
    const store = fileStore(join(folder, 'no-such-folder', 'store.json'));
    await expect(store.write('a', 1, 0)).rejects.toThrow('ENOENT');
    expect(await store.read('a')).toBeUndefined();
  });
});
