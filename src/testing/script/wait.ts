/** Waits that end early when the client disconnects. */

import type { Clock } from '../../time/clock.ts';

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
export function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const timer = clock.setTimeout(stop, ms);
    signal.addEventListener('abort', stop);
  });
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
