/** State in a file: it outlives the process, and the processes of one machine share it. */

import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Store } from '../domain/store.ts';
import {
  emptyEntries,
  type Entries,
  giveBack,
  messagesAfter,
  putMessage,
  type StoreOptions,
  takeLease,
  toEntries,
  writeValue,
} from './memory-store.ts';

/** What a file store may be given. */
export interface FileStoreOptions extends StoreOptions {
  /** Told once when the file cannot be read as a store; it is kept as `<path>.corrupt`. @default process.emitWarning */
  readonly onCorrupt?: ((message: string) => void) | undefined;
}

/**
 * A store in the JSON file `path`, which is made when first written; its folder must exist. For the processes of one machine on
 * a local disk; a fleet needs a store that it reaches by network. Every change is whole on the disk before it counts as done. Holds
 * numbers and names only: no key, no body.
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
    release: (key, holder) => file.change((entries) => giveBack(entries, key, holder)),
    post: (box, message) => file.change((entries) => putMessage(entries, box, message)),
    messages: async (box, afterId) => messagesAfter(await file.load(), box, afterId),
  };
}

class StoreFile {
  readonly #path: string;
  readonly #onCorrupt: (message: string) => void;
  /** Changes of this process follow one another; those of others are kept off by the lock. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, onCorrupt: (message: string) => void) {
    this.#path = path;
    this.#onCorrupt = onCorrupt;
  }

  /** A reader needs no lock: the file is always one that was written whole. */
  async load(): Promise<Entries> {
    return (await this.#parse()) ?? emptyEntries();
  }

  change<T>(apply: (entries: Entries) => T): Promise<T> {
    const changed = this.#last.then(() => withFileLock(`${this.#path}.lock`, () => this.#change(apply)));
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #change<T>(apply: (entries: Entries) => T): Promise<T> {
    const entries = (await this.#parse()) ?? (await this.#startAfresh());
    const before = JSON.stringify(entries);
    const result = apply(entries);
    const text = JSON.stringify(entries);
    if (text !== before) await replaceFile(this.#path, text);
    return result;
  }

  /** `undefined` for a file that is no store. */
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

  async #startAfresh(): Promise<Entries> {
    await rename(this.#path, `${this.#path}.corrupt`);
    this.#onCorrupt(`The store ${this.#path} cannot be read: it starts afresh, and what was there is kept as .corrupt`);
    return emptyEntries();
  }
}

/** Whole or not at all: written beside it, brought to the disk, then renamed over it (POSIX `rename` is atomic). */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** The new name, too, is on the disk only when the folder is. Not every system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path);
    await folder.sync();
    await folder.close();
  } catch {
    // The file itself is whole either way.
  }
}

/* PART: Lets one process at a time change a file. */

/** A change takes milliseconds: a lock this old was left by a process that died over it. */
const STALE_MS = 5_000;
/** How long others' changes are waited for. */
const PATIENCE_MS = 10_000;
const POLL_MS = 10;

/**
 * Does `work` while nobody else holds `path`, a file beside the one that is changed. Rejects with what `work` rejects with, or
 * when the lock is not to be had within ten seconds.
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
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      // `wx` fails where the file exists: one of two wins, on any local file system.
      const file = await open(path, 'wx');
      await file.close();
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (Date.now() > untilMs) throw new Error(`The lock ${path} could not be had`);
    if (await isStale(path)) await rm(path, { force: true });
    else await setTimeout(POLL_MS, undefined, { ref: false });
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > STALE_MS;
  } catch {
    // Its holder removed it meanwhile.
    return false;
  }
}

/** The system's name of what went wrong: `ENOENT`. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
