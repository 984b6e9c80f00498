/** Limits and budgets under random calls, failures and aborts: each slot and reservation is released exactly once. */

import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/testing/index.ts';
import { BODY, STREAM_BODY, watch, within, ask } from '../../support/calls.ts';
import { chat, failed, type Reply } from '../../support/replies.ts';
import { setUpCanary, type SetUp } from '../../support/set-up.ts';
import { chatStream } from '../../support/stream-replies.ts';

/** Answers, failures and delays, at random. */
function fickle(random: () => number): Reply {
  return async (request) => {
    await request.wait(Math.floor(random() * 3_000));
    const luck = random();
    if (luck < 0.15) return failed(500)(request);
    if (luck < 0.2) return failed(429, {}, { 'retry-after': '1' })(request);
    if (luck < 0.25) throw new TypeError('fetch failed');
    return request.body['stream'] === true ? chatStream(['Hello, ', 'world.'])(request) : chat()(request);
  };
}

/** A call that is read to its end, left early or aborted, at random. */
async function anyCall({ ai }: SetUp, random: () => number, signal: AbortSignal): Promise<void> {
  if (random() < 0.5) {
    await ai.chat.completions.create({ ...BODY, max_tokens: 100 }, { signal });
    return;
  }
  const stream = await ai.chat.completions.create({ ...STREAM_BODY, max_tokens: 100 }, { signal });
  const leaves = random() < 0.3;
  for await (const chunk of stream) if (leaves && chunk) break;
}

test.each([1, 2, 3, 4])('releases every slot and reservation exactly once (%i)', async (seed) => {
  const random = seededRandom(seed);
  const limits = { rpm: 60, tpm: 20_000, concurrency: 5, queue: { maxWait: '5s', maxLength: 20 } } as const;
  const world = setUpCanary({
    canary: {
      limits: { gemini: limits, openai: limits },
      budgets: [{ name: 'all', per: 'day', limitUsd: 1_000, onExceeded: 'reject' }],
      hedge: { after: '1s', maxShare: 0.5 },
      breaker: { consecutive: 10 },
    },
  });
  const { ai, clock, providers } = world;
  providers.usually('gemini', fickle(random)).usually('openai', fickle(random));
  const calls = [];
  for (let call = 0; call < 150; call += 1) {
    const controller = new AbortController();
    if (random() < 0.2) clock.setTimeout(() => controller.abort(), random() * 4_000);
    calls.push(watch(anyCall(world, random, controller.signal)));
    if (call % 10 === 9) await clock.advance(2_000);
  }
  await clock.advance(120_000);
  expect(calls.filter(({ now }) => now.state === 'pending')).toEqual([]);
  expect(new Set(calls.map(({ now }) => now.state))).toEqual(new Set(['resolved', 'rejected']));
  const { upstreams, budgets } = ai.canary.snapshot();
  const rest = { underWay: 0, waiting: 0, requests: 0, tokens: 0 };
  expect(Object.values(upstreams).map((upstream) => upstream.limits)).toEqual([rest, rest]);
  expect(budgets[0]!.reservedUsd).toBe(0);
});

test('a full upstream reserves no budget, and a refused budget keeps no slot', async () => {
  const { ai, clock } = setUpCanary({
    canary: {
      limits: { gemini: { rpm: 1 }, openai: { rpm: 10 } },
      budgets: [{ name: 'stable', per: 'day', limitUsd: 0.000_1, scope: { upstream: 'openai' }, onExceeded: 'reject' }],
    },
  });
  await within(clock, 0, ask(ai));
  const call = watch(ask(ai));
  await clock.advance(0);
  expect(call.now.state).toBe('rejected');
  const { upstreams, budgets } = ai.canary.snapshot();
  expect(budgets).toMatchObject([{ reservedUsd: 0, spentUsd: 0 }]);
  expect(upstreams['openai']!.limits).toMatchObject({ underWay: 0, requests: 0 });
});
