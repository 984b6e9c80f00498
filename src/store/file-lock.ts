/** A lock file, which excludes other processes of the machine while a file is changed. */

import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** A lock that this process holds, or held. */
export interface FileLock {
  /** Unique to this lock, and part of a file name. */
  readonly token: string;
  /** Whether the lock file is still this lock's. A process that was stopped for long may have lost it. */
  readonly isHeld: () => boolean;
  /** Removes the lock file if it is still this lock's. */
  readonly release: () => void;
}

/**
 * A change takes milliseconds: a lock this old was left by a process that has crashed or is stopped. A process that is known to have died is
 * not waited for.
 */
const STALE_MS = 5_000;
/** How long to wait for other processes to release the lock. */
const LOCK_TIMEOUT_MS = 15_000;
const POLL_MS = 10;

/**
 * Creates the lock file `path`, and waits while another process holds it.
 *
 * @param tookOver called with the token of a lock that its holder did not release
 * @throws Error if the lock is not acquired within 15 seconds
 */
export async function acquireFileLock(path: string, tookOver: (token: string) => void): Promise<FileLock> {
  const untilMs = performance.now() + LOCK_TIMEOUT_MS;
  const seen = new SeenLock();
  for (;;) {
    const lock = create(path);
    if (lock) return lock;
    if (performance.now() > untilMs) throw new Error(`Could not acquire the lock ${path} within ${LOCK_TIMEOUT_MS} ms`);
    const stale = seen.staleContent(path);
    // Keeps the process alive: a script that awaits its last write must not end before it.
    if (stale === undefined) await setTimeout(POLL_MS);
    else if (removeStale(path, stale)) tookOver(tokenOf(stale));
  }
}

/** `undefined` while the lock file exists. */
function create(path: string): FileLock | undefined {
  const token = randomUUID();
  const content = `${token} ${process.pid} ${processSpace()}`;
  try {
    // `wx` fails if the file exists, a symbolic link included, so only one process wins, on any local file system.
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  const isHeld = (): boolean => readContent(path) === content;
  return { token, isHeld, release: () => isHeld() && rmSync(path, { force: true }) };
}

/** The lock of another process, as this one sees it. */
class SeenLock {
  #content: string | undefined;
  #sinceMs = 0;

  /**
   * The content of a lock that is stale: its process has died, its time stamp is old, or it has not changed for as long as this process
   * has watched it. The last rule holds whatever the time stamp says, such as a time in the future.
   */
  staleContent(path: string): string | undefined {
    const content = readContent(path);
    if (content !== this.#content || content === undefined) {
      this.#content = content;
      this.#sinceMs = performance.now();
    }
    if (content === undefined) return undefined;
    const watchedMs = performance.now() - this.#sinceMs;
    return watchedMs > STALE_MS || ageMs(path) > STALE_MS || hasDied(content) ? content : undefined;
  }
}

const tokenOf = (content: string): string => content.split(' ', 1)[0] ?? '';

/** Whether the process that wrote the lock is known to run no more. `false` for one of another machine or container. */
function hasDied(content: string): boolean {
  const [, pid, space] = content.split(' ');
  if (!pid || space !== processSpace() || !/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** Where a process id means the same process: a machine, and on Linux a container's own ids. */
function processSpace(): string {
  try {
    return `${hostname()}/${readlinkSync('/proc/self/ns/pid')}`.replaceAll(' ', '');
  } catch {
    return hostname().replaceAll(' ', '');
  }
}

/** Removes the lock file if it still has the content. Returns whether it did. */
function removeStale(path: string, content: string): boolean {
  // Renaming is atomic: of several processes that see the stale lock, one gets it.
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  const isStale = readContent(aside) === content;
  try {
    // Between the look and the renaming another process may have created its own lock: it gets it back.
    if (!isStale) linkSync(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return isStale;
}

/** `undefined` if there is no lock file. */
function readContent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** How long ago the file was changed, by its time stamp, in ms. */
function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    // The holder has removed it in the meantime.
    return 0;
  }
}

/** The error code of the system: `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
