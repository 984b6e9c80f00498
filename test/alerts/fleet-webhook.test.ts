/** Several processes that share a store send one notice of a rollback, whichever process decided it. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type CanaryOptions, memoryStore, route, type Store } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const ROLLOUT = {
  to: 'gemini',
  steps: [{ weight: 0.5, hold: '1h' }, { weight: 1 }],
  guardrails: { errorRate: { margin: 0.1 } },
} as const;
const RULE = {
  name: 'gemini fails',
  metric: 'errorRate',
  upstream: 'gemini',
  above: 0.1,
  minCalls: 5,
  action: 'rollback',
} as const;

/** Three processes on one store. */
async function fleet({ url }: WebhookReceiver, canary: CanaryOptions, link = { isCut: false }) {
  const clock = new ManualClock();
  const store: Store = { ...memoryStore({ now: () => clock.now() }), persistent: true };
  const reached = new Proxy(store, {
    get: (target, name: keyof Store) =>
      typeof target[name] !== 'function' ? target[name] : link.isCut ? refuse : target[name],
  });
  const members = Array.from({ length: 3 }, () =>
    setUp({
      upstreams: { gemini: {} },
      client: { maxRetries: 0 },
      canary: { breaker: false, store: reached, webhook: { url }, ...canary },
    }),
  );
  const pass = async (seconds: number): Promise<void> => {
    for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
      await clock.advance(100);
      for (const member of members) await member.clock.advance(100);
      await setImmediate();
    }
  };
  await pass(3);
  return { members, pass };
}

const refuse = () => Promise.reject(new Error('ECONNREFUSED'));

async function fail({ ai, providers }: SetUp): Promise<void> {
  providers.usually('gemini', failed(503));
  for (let call = 0; call < 20; call += 1)
    await ask(ai, route({ key: `user-${call}`, fallbacks: false })).catch(() => {});
}

/** Waits for what is on its way: the first notice, and what should not follow it. */
async function noticesOf(receiver: WebhookReceiver, pass: (seconds: number) => Promise<void>): Promise<unknown[]> {
  const endMs = Date.now() + 20_000;
  while (receiver.deliveries.length === 0 && Date.now() < endMs) await pass(1);
  await pass(15);
  return receiver.deliveries.map(({ body }) => JSON.parse(body) as unknown);
}

const phases = (members: readonly SetUp[]) => members.map(({ ai }) => ai.canary.rollout.state.phase);

test.each([0, 1, 2])('a rollback by the calls of process %d: all follow, and one tells', async (failing) => {
  await using receiver = await startReceiver();
  const { members, pass } = await fleet(receiver, { rollout: ROLLOUT });
  await fail(members[failing]!);
  expect(await noticesOf(receiver, pass)).toMatchObject([{ type: 'rollback', upstream: 'gemini' }]);
  expect(phases(members)).toEqual(['rolledBack', 'rolledBack', 'rolledBack']);
  const told = members.flatMap(({ events }) => events.of('rollback'));
  expect(told.filter(({ decidedHere }) => decidedHere)).toHaveLength(1);
  expect(told).toHaveLength(3);
});

test.each([0, 1])('a rollback by hand in process %d', async (asked) => {
  await using receiver = await startReceiver();
  const { members, pass } = await fleet(receiver, { rollout: ROLLOUT });
  members[asked]!.ai.canary.rollout.rollback('wrong answers');
  expect(members[asked]!.events.of('rollback')).toMatchObject([{ decidedHere: true }]);
  expect(await noticesOf(receiver, pass)).toMatchObject([{ type: 'rollback', reason: 'wrong answers' }]);
  expect(phases(members)).toEqual(['rolledBack', 'rolledBack', 'rolledBack']);
});

test.each([
  ['of the canary of a rollout', { rollout: { ...ROLLOUT, judge: 'threshold', guardrails: { costPerCall: {} } } }],
  ['of an upstream with a weight', { weights: { openai: 1, gemini: 1 } }],
] as const)('a rollback %s by a rule that fires in all processes at once', async (_, canary) => {
  await using receiver = await startReceiver();
  const { members, pass } = await fleet(receiver, { ...canary, alerts: [RULE] });
  for (const member of members) await fail(member);
  expect(await noticesOf(receiver, pass)).toMatchObject([{ type: 'rollback', upstream: 'gemini' }]);
  for (const { ai } of members) expect(ai.canary.weights).toMatchObject({ gemini: 0 });
});

test('without an answer of the store each process tells', async () => {
  await using receiver = await startReceiver();
  const link = { isCut: false };
  const { members, pass } = await fleet(receiver, { weights: { openai: 1, gemini: 1 }, alerts: [RULE] }, link);
  link.isCut = true;
  for (const member of members) await fail(member);
  expect(await noticesOf(receiver, pass)).toHaveLength(3);
});
