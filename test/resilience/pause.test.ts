import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { Pause, type PauseKind } from '../../src/resilience/pause.ts';

function paused() {
  const clock = new ManualClock(0);
  return { clock, pause: new Pause(clock) };
}

test('an upstream is not paused at first', () => {
  const { pause } = paused();
  expect(pause.until(0)).toBeNull();
  expect(pause.reason(0)).toBeNull();
});

test('a pause lasts from now for its time, and returns its end', async () => {
  const { clock, pause } = paused();
  await clock.advance(1000);
  expect(pause.pause('rateLimit', 500)).toBe(1500);
  expect(pause.until(1499)).toBe(1500);
  expect(pause.reason(1499)).toBe('rateLimit');
  expect(pause.until(1500)).toBeNull();
  expect(pause.reason(1500)).toBeNull();
});

test('a shorter rate limit does not shorten a quota pause', () => {
  const { pause } = paused();
  pause.pause('quota', 60_000);
  expect(pause.pause('rateLimit', 1000)).toBe(1000);
  expect(pause.until(0)).toBe(60_000);
  expect(pause.reason(0)).toBe('quota');
});

test('a shorter but more serious pause gives the reason while it lasts', () => {
  const { pause } = paused();
  pause.pause('rateLimit', 60_000);
  pause.pause('auth', 1000);
  expect([pause.reason(0), pause.until(0)]).toEqual(['auth', 60_000]);
  expect([pause.reason(1000), pause.until(1000)]).toEqual(['rateLimit', 60_000]);
});

test('clear() ends all pauses', () => {
  const { pause } = paused();
  pause.pause('auth', 1000);
  pause.pause('rateLimit', 1000);
  pause.clear();
  expect([pause.until(0), pause.reason(0)]).toEqual([null, null]);
});

test('another pause never shortens a pause', () => {
  const kinds = fc.constantFrom<PauseKind>('rateLimit', 'quota', 'auth');
  fc.assert(
    fc.property(fc.array(fc.tuple(kinds, fc.nat(100_000))), (pauses) => {
      const { pause } = paused();
      let longestMs = 0;
      for (const [kind, forMs] of pauses) {
        pause.pause(kind, forMs);
        longestMs = Math.max(longestMs, forMs);
        expect(pause.until(0)).toBe(longestMs || null);
      }
    }),
  );
});
