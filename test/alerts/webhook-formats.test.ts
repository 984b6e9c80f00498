/** The bodies of a webhook: what a person is told at night is enough to decide. */

import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { route, type WebhookOptions } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const ROUTING_KEY = 'R0123456789ABCDEF0123456789ABCDE';

/** A rollout whose canary fails, rolled back by hand after ten calls, and its notice. */
async function rolledBack(receiver: WebhookReceiver, webhook: Partial<WebhookOptions>) {
  const set = setUpRollout(
    { steps: [{ weight: 0.5, hold: '1h' }, { weight: 1 }] },
    { webhook: { url: receiver.url, ...webhook }, fallbacks: [] },
  );
  set.providers.usually('gemini', failed(503)).usually('openai', chat());
  for (let user = 0; user < 10; user += 1) await ask(set.ai, route({ key: `user-${user}` })).catch(() => undefined);
  set.ai.canary.rollout.rollback('wrong <tone>');
  await received(receiver, 1, set);
  return { ...set, body: receiver.deliveries[0]!.body, headers: receiver.deliveries[0]!.headers };
}

async function received(receiver: WebhookReceiver, count: number, { clock }: SetUp): Promise<void> {
  while (receiver.deliveries.length < count) {
    await clock.advance(100);
    await setImmediate();
  }
}

test('Slack is told what moved, on which numbers of both sides, and what to type to undo it', async () => {
  await using receiver = await startReceiver();
  const { body } = await rolledBack(receiver, { format: 'slack' });
  expect((JSON.parse(body) as { text: string }).text).toMatchInlineSnapshot(`
    ":rewind: *gemini* was rolled back: wrong &lt;tone&gt;
    Moved: openai 50 % → 100 %, gemini 50 % → 0 %
    Step 1: gemini 6 of 6 calls failed (100 %); stable 0 of 4 calls failed (0 %), mean 0 ms, 0.00006 USD a call
    Undo: openai-canary retry --rollout gemini --store &lt;store&gt;"
  `);
});

test('JSON has the same as data', async () => {
  await using receiver = await startReceiver();
  const { body, events } = await rolledBack(receiver, {});
  const { upstream, reason, by, step, canary, stable, weightsBefore, weightsAfter, atMs } = events.of(
    'rollback',
  )[0] as never;
  expect(JSON.parse(body)).toEqual({
    type: 'rollback',
    upstream,
    reason,
    by,
    step,
    canary,
    stable,
    weightsBefore,
    weightsAfter,
    atMs,
    undo: 'openai-canary retry --rollout gemini --store <store>',
  });
});

test('PagerDuty gets an event of its Events API v2 for a rollback', async () => {
  await using receiver = await startReceiver();
  const { body, events, ai } = await rolledBack(receiver, { format: 'pagerduty', routingKey: ROUTING_KEY });
  const { atMs = 0, weightsBefore } = events.of('rollback')[0] ?? {};
  expect(JSON.parse(body)).toEqual({
    routing_key: ROUTING_KEY,
    event_action: 'trigger',
    dedup_key: `openai-canary:rollback:gemini:${Math.round(atMs)}`,
    payload: {
      summary: 'gemini was rolled back: wrong <tone>',
      source: 'openai-canary',
      severity: 'critical',
      timestamp: new Date(atMs).toISOString(),
      component: 'gemini',
      class: 'rollback',
      custom_details: expect.objectContaining({
        weightsBefore,
        details: [
          'Moved: openai 50 % → 100 %, gemini 50 % → 0 %',
          expect.stringMatching(
            /^Step 1: gemini \d of \d calls failed \(100 %\); stable 0 of \d calls failed \(0 %\), /,
          ),
          'Undo: openai-canary retry --rollout gemini --store <store>',
        ],
      }),
    },
  });
  expect([inspect(ai, { depth: 12 }), inspect(ai.canary, { depth: 12 }), JSON.stringify(ai)].join()).not.toContain(
    ROUTING_KEY,
  );
});

test('a CloudEvent has the notice as its data, and the id of its delivery', async () => {
  await using receiver = await startReceiver();
  const { body, headers, events } = await rolledBack(receiver, { format: 'cloudevents' });
  expect(headers['content-type']).toBe('application/cloudevents+json');
  expect(JSON.parse(body)).toEqual({
    specversion: '1.0',
    id: headers['x-canary-delivery'],
    source: 'urn:openai-canary',
    type: 'openai-canary.rollback',
    subject: 'gemini',
    time: new Date(events.of('rollback')[0]!.atMs).toISOString(),
    datacontenttype: 'application/json',
    data: expect.objectContaining({
      type: 'rollback',
      reason: 'wrong <tone>',
      text: expect.stringMatching(/^gemini was rolled back: wrong <tone>\nMoved: .+\nStep 1: .+\nUndo: .+$/),
    }),
  });
});

test('an alert that resolves ends the incident that it began', async () => {
  await using receiver = await startReceiver();
  const rule = { name: 'errors', metric: 'errorRate', upstream: 'gemini', above: 0.5, minCalls: 5 } as const;
  const set = setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: {
      breaker: false,
      alerts: [rule],
      webhook: { url: receiver.url, format: 'pagerduty', routingKey: ROUTING_KEY },
    },
  });
  set.providers.usually('gemini', failed(503));
  for (let call = 0; call < 5; call += 1) await ask(set.ai, route({ upstream: 'gemini' })).catch(() => undefined);
  await received(receiver, 1, set);
  set.providers.usually('gemini', chat());
  for (let call = 0; call < 20; call += 1) await ask(set.ai, route({ upstream: 'gemini' }));
  await received(receiver, 2, set);
  const sent = receiver.deliveries.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(sent).toMatchObject([
    {
      event_action: 'trigger',
      dedup_key: 'openai-canary:alert:errors',
      payload: { severity: 'warning', class: 'errorRate' },
    },
    { event_action: 'resolve', dedup_key: 'openai-canary:alert:errors' },
  ]);
});

test('a rule that takes the weight of an upstream says how to give it back', async () => {
  await using receiver = await startReceiver();
  const rule = {
    name: 'errors',
    metric: 'errorRate',
    upstream: 'gemini',
    above: 0.5,
    minCalls: 5,
    action: 'rollback',
  } as const;
  const set = setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: {
      breaker: false,
      weights: { openai: 3, gemini: 1 },
      alerts: [rule],
      webhook: { url: receiver.url, format: 'slack' },
    },
  });
  set.providers.usually('gemini', failed(503));
  for (let call = 0; call < 5; call += 1) await ask(set.ai, route({ upstream: 'gemini' })).catch(() => undefined);
  await received(receiver, 1, set);
  expect((JSON.parse(receiver.deliveries[0]!.body) as { text: string }).text).toBe(
    [
      ':rewind: *gemini* was rolled back: errors: errorRate 1 is above 0.5 over 5 calls',
      'Moved: openai 75 % → 100 %, gemini 25 % → 0 %',
      'Undo: client.canary.setWeights({"openai":0.75,"gemini":0.25})',
    ].join('\n'),
  );
});
