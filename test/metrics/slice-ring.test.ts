import { expect, test } from 'vitest';
import { SlicedCounter, SliceRing } from '../../src/metrics/sliding-window.ts';

/** A window of 8 s, so that slices last a second. */
function createWindow() {
  const counter = new SlicedCounter();
  const ring = new SliceRing(8_000, [counter]);
  return {
    ring,
    add(atMs: number) {
      const slice = ring.sliceAt(atMs);
      if (slice !== undefined) counter.add(slice, 1);
    },
    totalAt(nowMs: number) {
      ring.advance(nowMs);
      return counter.total();
    },
  };
}

test('contains the current slice and the seven before it', () => {
  const window = createWindow();
  window.add(1_500);

  expect(window.totalAt(1_500)).toBe(1);
  expect(window.totalAt(8_999)).toBe(1);
  expect(window.totalAt(9_000)).toBe(0);
});

test('slices expire one by one', () => {
  const window = createWindow();
  for (let atMs = 500; atMs < 8_000; atMs += 1_000) window.add(atMs);

  expect([7_999, 8_000, 9_000, 12_000, 14_999, 15_000].map(window.totalAt)).toEqual([8, 7, 6, 3, 1, 0]);
});

test('a jump far ahead empties the window, and it can be filled again', () => {
  const window = createWindow();
  for (let atMs = 0; atMs < 8_000; atMs += 100) window.add(atMs);

  expect(window.totalAt(1e12 + 3)).toBe(0);
  window.add(1e12 + 4);
  expect(window.totalAt(1e12 + 5)).toBe(1);
});

test('a jump of exactly one window empties it', () => {
  const window = createWindow();
  window.add(500);
  expect(window.totalAt(8_500)).toBe(0);
});

test('works with current times and slices shorter than a millisecond', () => {
  const counter = new SlicedCounter();
  const ring = new SliceRing(1, [counter]);
  const nowMs = 1_795_132_800_000;
  counter.add(ring.sliceAt(nowMs) ?? -1, 1);
  ring.advance(nowMs + 0.875);
  expect(counter.total()).toBe(1);
  ring.advance(nowMs + 1);
  expect(counter.total()).toBe(0);
});

test('works with times before the Unix epoch', () => {
  const window = createWindow();
  window.add(-500);
  expect(window.totalAt(6_999)).toBe(1);
  expect(window.totalAt(7_000)).toBe(0);
});

test('a late record counts in its own slice', () => {
  const window = createWindow();
  window.add(5_000);
  window.add(3_000);

  expect(window.totalAt(10_999)).toBe(2);
  expect(window.totalAt(11_000)).toBe(1);
});

test('ignores a record from before the window', () => {
  const window = createWindow();
  window.ring.advance(20_000);
  window.add(12_999);
  expect(window.totalAt(20_000)).toBe(0);
  window.add(13_000);
  expect(window.totalAt(20_000)).toBe(1);
});

test('stays at the latest time seen if the time goes back', () => {
  const window = createWindow();
  window.add(1_000);
  expect(window.totalAt(9_000)).toBe(0);
  window.add(8_000);
  expect(window.totalAt(500)).toBe(1);
});

test('ignores the time NaN', () => {
  const window = createWindow();
  window.add(1_000);
  window.add(NaN);
  expect(window.totalAt(NaN)).toBe(1);
});

test('observedMs is at least one slice and at most the window', () => {
  const { ring, add } = createWindow();
  ring.advance(200);
  expect(ring.observedMs(200)).toBe(1_000);
  add(200);
  expect(ring.observedMs(300)).toBe(1_000);
  ring.advance(4_200);
  expect(ring.observedMs(4_200)).toBe(4_000);
  ring.advance(100_000);
  expect(ring.observedMs(100_000)).toBe(7_000);
  expect(ring.observedMs(100_900)).toBe(7_900);
});

test('what was observed starts at the earliest record, in whichever order records come', () => {
  const { ring, add } = createWindow();
  add(5_000);
  add(2_000);
  add(6_000);
  expect(ring.observedMs(6_000)).toBe(4_000);
});

test('a time that steps back does not shorten what was observed by more than a slice', () => {
  const { ring, add } = createWindow();
  add(0);
  ring.advance(4_900);
  expect(ring.observedMs(4_900)).toBe(4_900);
  expect(ring.observedMs(100)).toBe(4_000);
});
