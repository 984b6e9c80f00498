/** Gives up what takes too long. */

import type { Clock } from './clock.ts';

/** Settles as `work` does, or rejects after `limitMs`; what `work` does later is then nobody's any more. */
export function inTime<T>(work: Promise<T>, limitMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
