/** The option `timeZone`: days of budgets and costs by the calendar of a place. */

import { expect, test } from 'vitest';
import { BudgetExceededError, ConfigError } from '../../src/index.ts';
import { BODY } from '../support/calls.ts';
import { chat } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

/** Costs 8 USD. */
const ANSWER = chat('Hello.', { input: 0, output: 1_000_000 });

async function clientAt(iso: string, timeZone: string | undefined) {
  const set = setUp({
    canary: { timeZone, budgets: [{ name: 'daily', per: 'day', limitUsd: 8.1, onExceeded: 'reject' }] },
  });
  set.providers.usually('openai', ANSWER);
  await set.clock.advance(Date.parse(iso) - set.clock.now());
  const ask = () => set.ai.chat.completions.create({ ...BODY, max_tokens: 1_000_000 });
  return { ...set, ask };
}

test.each([
  ['on a day of 23 hours', '2026-03-28T23:30Z', 22.4, '2026-03-29', '2026-03-30'],
  ['on a day of 25 hours', '2026-10-24T22:30Z', 24.4, '2026-10-25', '2026-10-26'],
])('a budget starts again at midnight of the place, %s', async (_, start, hours, first, second) => {
  const { ask, clock, ai } = await clientAt(start, 'Europe/Berlin');
  await ask();
  await clock.advance(hours * 3_600_000);
  // Six minutes before midnight.
  await expect(ask()).rejects.toThrow(BudgetExceededError);
  await clock.advance(360_000);
  await ask();
  expect(ai.canary.costs().days.map(({ period, costUsd }) => [period, costUsd])).toEqual([
    [first, 8],
    [second, 8],
  ]);
  const rows = ai.canary.costs({ by: 'day' }).rows;
  // From the first call to midnight.
  expect(rows[0]?.costPerHour).toBeCloseTo(8 / (hours + 0.1), 6);
});

test('a month of costs ends with the month of the place', async () => {
  const { ask, clock, ai } = await clientAt('2026-01-31T14:59Z', 'Asia/Tokyo');
  await ask();
  await clock.advance(60_000);
  await ask();
  expect(ai.canary.costs().months.map(({ period }) => period)).toEqual(['2026-01', '2026-02']);
  expect(ai.canary.costs({ since: new Date('2026-01-31T23:00Z') })).toMatchObject({
    sinceMs: Date.parse('2026-01-31T15:00Z'),
    total: { costUsd: 8 },
  });
});

test('days are those of UTC by default', async () => {
  const { ask, clock, ai } = await clientAt('2026-03-28T23:30Z', undefined);
  await ask();
  await clock.advance(1_800_000);
  await ask();
  expect(ai.canary.costs().days.map(({ period }) => period)).toEqual(['2026-03-28', '2026-03-29']);
  expect(ai.canary.snapshot().budgets[0]?.startedAtMs).toBe(Date.parse('2026-03-29T00:00Z'));
});

test.each([
  ['Europe/Berlinn', 'canary.timeZone should be a time zone such as Europe/Berlin, got "Europe/Berlinn"'],
  ['', 'canary.timeZone should be a time zone such as Europe/Berlin, got ""'],
  [2, 'canary.timeZone should be a time zone such as Europe/Berlin, got 2'],
])('refuses %j', (timeZone, message) => {
  expect(() => setUp({ canary: { timeZone: timeZone as string } })).toThrow(ConfigError);
  expect(() => setUp({ canary: { timeZone: timeZone as string } })).toThrow(message);
});
