import { expect, test } from 'vitest';
import { rememberCounts } from '../../src/pricing/estimate-input.ts';

/** A counter that tells how often it was asked. */
function world() {
  const asked: string[] = [];
  const count = rememberCounts((text) => {
    asked.push(text);
    return text.length;
  });
  return { asked, count };
}

const text = (letter: string): string => letter.repeat(100);

test('a text that comes again is counted once', () => {
  const { asked, count } = world();
  expect([count(text('a')), count(text('b')), count(text('a'))]).toEqual([100, 100, 100]);
  expect(asked).toEqual([text('a'), text('b')]);
});

test('the sixteen latest are remembered, however many there are', () => {
  const { asked, count } = world();
  const many = Array.from({ length: 1_000 }, (_, index) => `${index} ${text('a')}`);
  for (const each of many) count(each);
  for (const each of many.slice(-16)) count(each);
  expect(asked).toEqual(many);
  count(many[0] ?? '');
  expect(asked).toHaveLength(1_001);
});

test('neither short nor very long texts are kept', () => {
  const { asked, count } = world();
  for (const each of ['short', 'short', 'a'.repeat(20_000), 'a'.repeat(20_000)]) count(each);
  expect(asked).toHaveLength(4);
});
