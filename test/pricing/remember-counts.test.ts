import { expect, test } from 'vitest';
import { rememberCounts } from '../../src/pricing/estimate-input.ts';

/** A counter that records the texts it counts. */
function recordingCounter() {
  const counted: string[] = [];
  const count = rememberCounts((text) => {
    counted.push(text);
    return text.length;
  });
  return { counted, count };
}

const text = (letter: string): string => letter.repeat(100);

test('counts a repeated text once', () => {
  const { counted, count } = recordingCounter();
  expect([count(text('a')), count(text('b')), count(text('a'))]).toEqual([100, 100, 100]);
  expect(counted).toEqual([text('a'), text('b')]);
});

test('remembers the last sixteen texts', () => {
  const { counted, count } = recordingCounter();
  const many = Array.from({ length: 1_000 }, (_, index) => `${index} ${text('a')}`);
  for (const each of many) count(each);
  for (const each of many.slice(-16)) count(each);
  expect(counted).toEqual(many);
  count(many[0] ?? '');
  expect(counted).toHaveLength(1_001);
});

test('does not remember short or very long texts', () => {
  const { counted, count } = recordingCounter();
  for (const each of ['short', 'short', 'a'.repeat(20_000), 'a'.repeat(20_000)]) count(each);
  expect(counted).toHaveLength(4);
});
