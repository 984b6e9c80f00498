import { expect, test } from 'vitest';
import { clientWith, refusalOf } from '../support/message-of.ts';

test.each([{ plan: 'pro' }, { beta: true, level: 3 }, { plan: ['pro', 'team'], level: [1, 2] }, {}])(
  'a segment can have the condition %j',
  (when) => {
    const ai = clientWith({ segments: [{ when, upstream: 'gemini' }] });
    const attributes = { plan: 'pro', beta: true, level: 'level' in when && when.level === 3 ? 3 : 1 };
    expect(ai.canary.explain({ attributes })).toMatchObject({ reason: 'segment', upstream: 'gemini' });
  },
);

test.each([null, {}, [], [null], [['pro']], undefined])('%j is not an attribute value', (expected) => {
  expect(refusalOf({ segments: [{ when: { plan: expected }, upstream: 'gemini' }] })).toMatch(
    /^canary\.segments\[0\]\.when\.plan should be a string, a number, a boolean or a list of these, got /,
  );
});
