/** An upstream whose SDK client cannot be created fails only its own calls. */

import { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import type { CanaryOptions } from '../../src/index.ts';
import { ask, errorWithin, within } from '../support/calls.ts';
import { after, chat } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

/** The SDK copies a client with its constructor. This constructor refuses. */
class Uncopied extends OpenAI {
  override withOptions(): never {
    throw new TypeError('No copies.');
  }
}

function withUncopied(canary: CanaryOptions): SetUp {
  const client = new Uncopied({ apiKey: 'key-of-uncopied' });
  const prices = { openai: { inputPerMTok: 2, outputPerMTok: 8 }, uncopied: { inputPerMTok: 2, outputPerMTok: 8 } };
  return setUp({ canary: { upstreams: { uncopied: { client } }, prices, ...canary } });
}

test('its calls fail, are recorded, and release their reservation and slot', async () => {
  const { ai, clock, events } = withUncopied({
    weights: { uncopied: 1 },
    limits: { uncopied: { concurrency: 10 } },
    budgets: [{ name: 'day', per: 'day', limitUsd: 1, onExceeded: 'reject' }],
  });
  for (let call = 0; call < 3; call += 1) {
    expect(await errorWithin(clock, 0, ask(ai))).toMatchObject({ message: 'No copies.' });
  }
  const { budgets, upstreams } = ai.canary.snapshot();
  expect(budgets).toMatchObject([{ spentUsd: 0, reservedUsd: 0 }]);
  expect(upstreams.uncopied!.limits).toMatchObject({ underWay: 0 });
  expect(events.of('call').map(({ outcome }) => outcome)).toEqual(['failure', 'failure', 'failure']);
});

test('a call that would be hedged to it is answered by its first upstream', async () => {
  const { ai, clock, providers } = withUncopied({ fallbacks: ['uncopied'], hedge: { after: 100, maxShare: 1 } });
  providers.script('openai', after(200, chat('From the first.')));
  const answer = await within(clock, 200, ask(ai));
  expect(answer.choices[0]?.message.content).toBe('From the first.');
});
