import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InFlight, type InFlightEntry } from '../../src/domain/in-flight.ts';

test('whatever begins and ends, what is left is there in its order', () => {
  const steps = fc.array(fc.oneof(fc.constant('begin' as const), fc.nat(30)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (chosen) => {
      const underWay = new InFlight<number>();
      const model = new Map<number, InFlightEntry<number>>();
      for (const [index, step] of chosen.entries()) {
        if (step === 'begin') model.set(index, underWay.begin(index));
        else {
          const [value, place] = [...model][step % Math.max(1, model.size)] ?? [];
          if (value === undefined || !place) continue;
          underWay.end(place);
          model.delete(value);
        }
        expect([...underWay]).toEqual([...model.keys()]);
        expect(underWay.size).toBe(model.size);
        expect(underWay.oldest).toBe([...model.keys()][0]);
      }
    }),
  );
});

test('a place that was left holds no other in memory', () => {
  const underWay = new InFlight<string>();
  const [, left] = ['a', 'b', 'c'].map((value) => underWay.begin(value));
  if (left) underWay.end(left);
  expect(left).toEqual({ value: 'b', before: undefined, after: undefined });
});

test('what leaves while all are looked at disturbs nothing', () => {
  const underWay = new InFlight<string>();
  const places = ['a', 'b', 'c'].map((value) => underWay.begin(value));
  const seen: string[] = [];
  for (const value of underWay) {
    seen.push(value);
    const place = places.shift();
    if (place) underWay.end(place);
  }
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(underWay.size).toBe(0);
});
