/** A store in a file. It outlives the process, and the processes of one machine can share it. */

import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Store } from '../domain/store.ts';
import {
  emptyEntries,
  type Entries,
  releaseLease,
  messagesAfter,
  putMessage,
  type StoreOptions,
  takeLease,
  toEntries,
  writeValue,
} from './memory-store.ts';

/** Options of `fileStore`. */
export interface FileStoreOptions extends StoreOptions {
  /**
   * Called when the file is not a valid store, with a message. The invalid file is kept as `<path>.corrupt`.
   * @default process.emitWarning
   */
  readonly onCorrupt?: ((message: string) => void) | undefined;
}

/**
 * A store in the JSON file `path`. The file is created at the first write. Its folder must exist.
 *
 * It works for the processes of one machine on a local disk; a fleet needs a network store. A change is complete on
 * disk before its promise resolves. The file holds numbers and names only: no routing keys and no bodies.
 *
 * @example new CanaryClient({ canary: { store: fileStore('/var/lib/app/canary.json'), rollout } })
 */
export function fileStore(path: string, options: FileStoreOptions = {}): Store {
  const { now = Date.now, onCorrupt = (message: string) => process.emitWarning(message) } = options;
  const file = new StoreFile(path, onCorrupt);
  return {
    persistent: true,
    read: async (key) => (await file.load()).values[key],
    write: (key, value, fence) => file.change((entries) => writeValue(entries, key, value, fence)),
    lease: (key, holder, forMs) => file.change((entries) => takeLease(entries, key, { holder, forMs, nowMs: now() })),
    release: (key, holder) => file.change((entries) => releaseLease(entries, key, holder)),
    post: (box, message) => file.change((entries) => putMessage(entries, box, message)),
    messages: async (box, afterId) => messagesAfter(await file.load(), box, afterId),
  };
}

class StoreFile {
  readonly #path: string;
  readonly #onCorrupt: (message: string) => void;
  /** Changes of this process run one after another; the lock file excludes other processes. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, onCorrupt: (message: string) => void) {
    this.#path = path;
    this.#onCorrupt = onCorrupt;
  }

  /** Reading needs no lock, because the file is always replaced as a whole. */
  async load(): Promise<Entries> {
    return (await this.#parse()) ?? emptyEntries();
  }

  change<T>(apply: (entries: Entries) => T): Promise<T> {
    const changed = this.#last.then(() => withFileLock(`${this.#path}.lock`, () => this.#change(apply)));
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #change<T>(apply: (entries: Entries) => T): Promise<T> {
    const entries = (await this.#parse()) ?? (await this.#startEmpty());
    const before = JSON.stringify(entries);
    const result = apply(entries);
    const text = JSON.stringify(entries);
    if (text !== before) await replaceFile(this.#path, text);
    return result;
  }

  /** `undefined` for a file that is not a valid store. */
  async #parse(): Promise<Entries | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return emptyEntries();
      throw error;
    }
    try {
      return toEntries(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  async #startEmpty(): Promise<Entries> {
    await rename(this.#path, `${this.#path}.corrupt`);
    this.#onCorrupt(
      `Store file ${this.#path} is not a valid store: starting empty, the old content is kept as ${this.#path}.corrupt`,
    );
    return emptyEntries();
  }
}

/**
 * Replaces the file atomically: writes a temporary file, syncs it to disk, then renames it (POSIX `rename` is atomic).
 */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Syncs the folder: the new name is on disk only when the folder is. Some systems cannot open folders. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path);
    await folder.sync();
    await folder.close();
  } catch {
    // The file itself is complete either way.
  }
}

/** A change takes milliseconds: a lock this old was left by a crashed process. */
const STALE_MS = 5_000;
/** How long to wait for other processes to release the lock. */
const LOCK_TIMEOUT_MS = 10_000;
const POLL_MS = 10;

/**
 * Runs `work` while holding the lock file `path`. Rejects when `work` rejects, or when the lock is not acquired within
 * ten seconds.
 */
async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await acquire(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string): Promise<void> {
  const untilMs = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      // `wx` fails if the file exists, so only one process wins, on any local file system.
      const file = await open(path, 'wx');
      await file.close();
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (Date.now() > untilMs) throw new Error(`Could not acquire the lock ${path} within ${LOCK_TIMEOUT_MS} ms`);
    if (await isStale(path)) await rm(path, { force: true });
    else await setTimeout(POLL_MS, undefined, { ref: false });
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > STALE_MS;
  } catch {
    // The holder has removed it in the meantime.
    return false;
  }
}

/** The error code of the system: `ENOENT`. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
