/** Our corrections to the bundled price list, and the bills that they come from. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { costOf } from '../../src/index.ts';
import { correctionFor, CORRECTIONS } from '../../src/pricing/corrections.ts';
import { bundledPrice } from '../../src/pricing/price-table.ts';

const cases = CORRECTIONS.map((correction) => [correction.example.join(' at '), correction] as const);

test.each(cases)('%s: the bundled list has not caught up with the correction', (_, correction) => {
  const { seller, price, like, example } = correction;
  const [model, at] = example;
  expect(correctionFor(seller, model, Date.parse(at))).toBe(correction);
  const listed = priceOf(seller, model, at);
  const corrected = { ...(like === undefined ? listed : priceOf(seller, like, at)), ...price };
  expect(corrected, 'delete the correction').not.toEqual(listed);
});

test.each(cases)('%s: the correction names its source, and has valid dates', (_, { source, from, until }) => {
  expect(source).toMatch(/\w{3}/);
  expect([from, until].filter((date) => date !== undefined && Number.isNaN(Date.parse(date)))).toEqual([]);
});

function priceOf(provider: string, model: string, at: string) {
  return bundledPrice({ provider, model, atMs: Date.parse(at) });
}

test('a part whose corrected price is not confirmed makes the cost unknown', () => {
  const cached = { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 5 } };
  expect(costOf({ provider: 'mistral', model: 'mistral-large-4', usage: cached })).toMatchObject({ costUsd: null });
});

test('DeepSeek’s peak hours double the corrected price', () => {
  const usage = { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 };
  const at = (hour: number) =>
    costOf({ provider: 'deepseek', model: 'deepseek-v4-flash', usage, at: Date.UTC(2026, 10, 30, hour) }).costUsd;
  expect([0, 1, 3, 4, 6, 9, 10].map(at)).toEqual([0.15, 0.3, 0.3, 0.15, 0.3, 0.3, 0.15]);
});

const SHAPES = join(
  process.env['CANARY_DATA'] ?? join(import.meta.dirname, '../../../shared/data'),
  'prices/shapes.json',
);
const recorded = existsSync(SHAPES);
const skipNote = recorded ? '' : ' (skipped: no recorded data, see CANARY_DATA)';

interface Shape {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  readonly at: string;
  readonly usage: unknown;
  /** `null`: the price is not known to the public list. */
  readonly billUsd: number | null;
}

/** The bills are those of the standard tier, which their usage cannot say. */
test.skipIf(!recorded)(`no bill is told wrong without a word, and at most 5 are unknown${skipNote}`, () => {
  const shapes = JSON.parse(readFileSync(SHAPES, 'utf8')) as readonly Shape[];
  const wrong: string[] = [];
  let unknown = 0;
  for (const { name, provider, model, at, usage, billUsd } of shapes) {
    const { costUsd, missing } = costOf({ provider, model, usage, serviceTier: 'default', at: new Date(at) });
    expect(costOf({ provider, model, usage, at: new Date(at) }).costUsd).toBe(costUsd);
    if (costUsd === null) unknown += Number(billUsd !== null);
    else if (missing === undefined && (billUsd === null || Math.abs(costUsd - billUsd) > billUsd * 0.005)) {
      wrong.push(`${name}: billed ${String(billUsd)}, told ${costUsd}`);
    }
  }
  expect(shapes.length).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
  expect(unknown).toBeLessThanOrEqual(5);
});
