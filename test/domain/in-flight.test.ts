import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InFlight, type InFlightEntry } from '../../src/domain/in-flight.ts';

test('keeps the remaining values in order, whatever begins and ends', () => {
  const steps = fc.array(fc.oneof(fc.constant('begin' as const), fc.nat(30)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (chosen) => {
      const inFlight = new InFlight<number>();
      const model = new Map<number, InFlightEntry<number>>();
      for (const [index, step] of chosen.entries()) {
        if (step === 'begin') model.set(index, inFlight.begin(index));
        else {
          const [value, entry] = [...model][step % Math.max(1, model.size)] ?? [];
          if (value === undefined || !entry) continue;
          inFlight.end(entry);
          model.delete(value);
        }
        expect([...inFlight]).toEqual([...model.keys()]);
        expect(inFlight.size).toBe(model.size);
        expect(inFlight.oldest).toBe([...model.keys()][0]);
      }
    }),
  );
});

test('a removed entry does not reference its neighbours', () => {
  const inFlight = new InFlight<string>();
  const [, removed] = ['a', 'b', 'c'].map((value) => inFlight.begin(value));
  if (removed) inFlight.end(removed);
  expect(removed).toEqual({ value: 'b', before: undefined, after: undefined });
});

test('a value removed during iteration does not disturb it', () => {
  const inFlight = new InFlight<string>();
  const entries = ['a', 'b', 'c'].map((value) => inFlight.begin(value));
  const seen: string[] = [];
  for (const value of inFlight) {
    seen.push(value);
    const entry = entries.shift();
    if (entry) inFlight.end(entry);
  }
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(inFlight.size).toBe(0);
});
