/** Lets one process at a time change a file. */

import { open, rm, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** A change takes milliseconds: a lock this old was left by a process that died over it. */
const STALE_MS = 5_000;
/** How long others' changes are waited for. */
const PATIENCE_MS = 10_000;
const POLL_MS = 10;

/**
 * Does `work` while nobody else holds `path`, a file beside the one that is changed. Rejects with what `work` rejects with, or
 * when the lock is not to be had within ten seconds.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
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
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
