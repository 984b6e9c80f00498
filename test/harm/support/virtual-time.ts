/**
 * Virtual time for the SDK and for us alike: the timers and the clock of the process are fake, and move from timer to timer whenever
 * nothing else is left to do.
 */

import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';

/** Turns of the event loop after each timer: enough for a call through the SDK and an answer in memory. */
const TURNS = 4;

/** Runs `scene` in virtual time. Returns whether it has ended within `limitMs`. */
export async function inVirtualTime(limitMs: number, scene: () => Promise<unknown>): Promise<boolean> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: performance.timeOrigin });
  // The jitter of back-offs is the same in every column.
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const startedAtMs = performance.now();
  const state = { settled: false };
  try {
    const running = scene().finally(() => (state.settled = true));
    running.catch(() => undefined);
    for (;;) {
      for (let turn = 0; turn < TURNS && !state.settled; turn++) await setImmediate();
      if (state.settled) {
        await running;
        return true;
      }
      if (vi.getTimerCount() === 0 || performance.now() - startedAtMs > limitMs) return false;
      vi.advanceTimersToNextTimer();
      // All timers of the same moment.
      vi.advanceTimersByTime(0);
    }
  } finally {
    random.mockRestore();
    vi.useRealTimers();
  }
}

/** Waits in virtual time. */
export function pass(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => void setTimeout(resolve, ms)) : Promise.resolve();
}
