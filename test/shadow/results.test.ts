/** `canary.shadow.results()`: all results of mirrored calls, within a bound. */

import { expect, test } from 'vitest';
import { chat, failed } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { askAndWait, shadowed } from './support/shadowed.ts';

test('has every result, oldest first, as the event shows it, and no body', async () => {
  const set = shadowed();
  set.providers.usually('openai', chat('A secret answer.')).script('gemini', chat('A secret answer.'), failed(500));
  await askAndWait(set);
  await askAndWait(set);
  const results = set.ai.canary.shadow.results();
  expect([...results]).toEqual(set.events.of('shadow'));
  expect(results.map(({ outcome, kind, comparison }) => [outcome, kind, comparison?.agreement])).toEqual([
    ['success', undefined, 1],
    ['failure', 'server', undefined],
  ]);
  expect(JSON.stringify(results)).not.toContain('secret');
});

test('keeps the latest 1,000, or as many as keepResults says', async () => {
  const set = shadowed({ keepResults: 5 });
  for (let call = 0; call < 120; call++) await askAndWait(set);
  const ids = set.events.of('shadow').map(({ callId }) => callId);
  expect(ids).toHaveLength(120);
  expect(set.ai.canary.shadow.results().map(({ callId }) => callId)).toEqual(ids.slice(-5));
  expect(() => shadowed({ keepResults: -1 })).toThrow('canary.shadow.keepResults should be');
});

test('is empty with keepResults 0, and without the option shadow', async () => {
  const set = shadowed({ keepResults: 0 });
  await askAndWait(set);
  expect(set.ai.canary.shadow.results()).toEqual([]);
  expect(setUp().ai.canary.shadow.results()).toEqual([]);
});
