/** A store in a file. It outlives the process, and the processes of one machine can share it. */

import { constants, renameSync } from 'node:fs';
import { copyFile, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Store } from '../domain/store.ts';
import { acquireFileLock, codeOf, type FileLock } from './file-lock.ts';
import {
  blocksAfter,
  emptyEntries,
  type Entries,
  keepTexts,
  keysOf,
  messagesAfter,
  putBlock,
  putMessage,
  readValue,
  releaseLease,
  removeBlocks,
  type StoreOptions,
  takeLease,
  textsOf,
  toEntries,
  writeValue,
} from './memory-store.ts';
import { grantPart } from './shared-limit.ts';
/** Options of `fileStore`. */
export interface FileStoreOptions extends StoreOptions {
  /**
   * Called when the file is not a valid store, with a message. The invalid file is kept as `<path>.corrupt`, and its
   * values are read as lost: a rollout in it sends no calls to its canary until `retry()`.
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
    read: async (key) => readValue(await file.load(), key),
    keys: async (prefix) => keysOf(await file.load(), prefix),
    write: (key, value, fence) => file.change((entries) => writeValue(entries, key, value, fence)),
    lease: (key, holder, forMs) => file.change((entries) => takeLease(entries, key, { holder, forMs, nowMs: now() })),
    release: (key, holder) => file.change((entries) => releaseLease(entries, key, holder)),
    post: (box, message) => file.change((entries) => putMessage(entries, box, message)),
    messages: async (box, afterId) => messagesAfter(await file.load(), box, afterId),
    addBlock: (log, block) => file.change((entries) => putBlock(entries, log, block)),
    blocks: async (log, afterId) => blocksAfter(await file.load(), log, afterId),
    dropBlocks: (log, throughId) => file.change((entries) => removeBlocks(entries, log, throughId)),
    remember: (texts, forMs) => file.change((entries) => keepTexts(entries, texts, { forMs, nowMs: now() })),
    recall: async (keys) => textsOf(await file.load(), keys, now()),
    takeParts: (requests) => file.change(({ limits }) => requests.map((request) => grantPart(limits, request, now()))),
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
    return (await this.#parse()) ?? emptyEntries(`${this.#path} is not a valid store`);
  }

  change<T>(apply: (entries: Entries) => T): Promise<T> {
    const changed = this.#last.then(() => this.#changeLocked(apply));
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  /** A change whose lock was lost on the way is made again, with what the other process has written. */
  async #changeLocked<T>(apply: (entries: Entries) => T): Promise<T> {
    for (;;) {
      const lock = await acquireFileLock(`${this.#path}.lock`, (token) => void this.#removeTemporary(token));
      try {
        const changed = await this.#change(apply, lock);
        if (changed) return changed.result;
      } finally {
        lock.release();
      }
    }
  }

  /** `undefined` if the lock was lost before the file was replaced. */
  async #change<T>(apply: (entries: Entries) => T, lock: FileLock): Promise<{ readonly result: T } | undefined> {
    const parsed = await this.#parse();
    const entries = parsed ?? emptyEntries(`${this.#path} was not a valid store`);
    const before = parsed && JSON.stringify(parsed);
    if (!parsed) await this.#keepCorrupt();
    const result = apply(entries);
    const text = JSON.stringify(entries);
    if (text !== before && !(await this.#replace(text, lock))) return undefined;
    if (!parsed) {
      const corrupt = `${this.#path}.corrupt`;
      this.#onCorrupt(
        `Store file ${this.#path} is not a valid store: its values are lost, the old content is kept as ${corrupt}`,
      );
    }
    return { result };
  }

  /**
   * Replaces the file atomically: writes a temporary file, syncs it to disk, then renames it (POSIX `rename` is atomic).
   * Returns `false`, and replaces nothing, if the lock was lost meanwhile.
   */
  async #replace(text: string, lock: FileLock): Promise<boolean> {
    const temporary = temporaryPath(this.#path, lock.token);
    let replaced = false;
    try {
      // `wx` creates the file, and follows no symbolic link.
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      // Both without a pause between them: what another process has written since is not overwritten.
      replaced = lock.isHeld();
      if (replaced) renameSync(temporary, this.#path);
    } finally {
      if (!replaced) await rm(temporary, { force: true });
    }
    if (replaced) await syncFolder(dirname(this.#path));
    return replaced;
  }

  /** Removes what a process that did not release its lock has left. */
  async #removeTemporary(token: string): Promise<void> {
    if (TOKEN.test(token)) await rm(temporaryPath(this.#path, token), { force: true }).catch(() => undefined);
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

  async #keepCorrupt(): Promise<void> {
    const corrupt = `${this.#path}.corrupt`;
    await rm(corrupt, { force: true });
    await copyFile(this.#path, corrupt, constants.COPYFILE_EXCL);
  }
}

const temporaryPath = (path: string, token: string): string => `${path}.${token}.tmp`;
/** A UUID. What another program has put into the lock file is not used as a path. */
const TOKEN = /^[\da-f-]{36}$/;

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
