import { createHmac } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { route, type WebhookOptions } from '../../src/index.ts';
import { ask, within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const RULE = {
  name: 'gemini <fails>',
  metric: 'errorRate',
  upstream: 'gemini',
  above: 0.1,
  minCalls: 5,
  severity: 'critical',
} as const;

function setUpWebhook({ url }: WebhookReceiver, webhook: Partial<WebhookOptions> = {}, action?: 'rollback'): SetUp {
  return setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: {
      weights: { openai: 1, gemini: 1 },
      breaker: false,
      alerts: [{ ...RULE, action }],
      webhook: { url, ...webhook },
    },
  });
}

/** Makes the rule fire. */
async function fire({ ai, providers, clock }: SetUp): Promise<void> {
  providers.usually('gemini', failed(503));
  for (let index = 0; index < 5; index++) await ask(ai, route({ upstream: 'gemini' }));
  await clock.advance(1_000);
}

/** Advances the clock until the receiver has `count` requests. */
async function received(receiver: WebhookReceiver, count: number, { clock }: SetUp): Promise<void> {
  while (receiver.deliveries.length < count) {
    await clock.advance(100);
    await setImmediate();
  }
}

test('sends an alert as JSON with names and numbers', async () => {
  await using receiver = await startReceiver();
  const set = setUpWebhook(receiver);
  await fire(set);
  await received(receiver, 1, set);
  const [delivery] = receiver.deliveries;
  expect(delivery?.headers['content-type']).toBe('application/json');
  expect(JSON.parse(delivery!.body)).toEqual({ type: 'alert', ...set.events.of('alert')[0] });
  expect(delivery!.body).not.toMatch(/key-of|Hello/);
});

test('sends one notice of a rollback: its reason names the rule, whose alert and its end are not sent', async () => {
  await using receiver = await startReceiver();
  const set = setUpWebhook(receiver, {}, 'rollback');
  await fire(set);
  await received(receiver, 1, set);
  await set.clock.advance(6 * 60_000);
  await setImmediate();
  expect(set.events.of('alert')).toMatchObject([{ state: 'firing' }, { state: 'resolved' }]);
  expect(receiver.deliveries.map(({ body }) => JSON.parse(body))).toMatchObject([
    { type: 'rollback', upstream: 'gemini', weightsAfter: { openai: 1, gemini: 0 } },
  ]);
});

test('the Slack format is one sentence with escaped control characters', async () => {
  await using receiver = await startReceiver();
  const set = setUpWebhook(receiver, { format: 'slack' });
  await fire(set);
  await received(receiver, 1, set);
  expect(JSON.parse(receiver.deliveries[0]!.body)).toEqual({
    text: ':red_circle: *gemini &lt;fails&gt;* is firing (critical): errorRate of gemini is 1, bound: above 0.1, over 5 calls',
  });
});

test('with a secret each request is signed over timestamp and body', async () => {
  await using receiver = await startReceiver();
  const set = setUpWebhook(receiver, { secret: 'shh' });
  await fire(set);
  await received(receiver, 1, set);
  const { headers, body } = receiver.deliveries[0]!;
  const expected = createHmac('sha256', 'shh')
    .update(`${String(headers['x-canary-timestamp'])}.${body}`)
    .digest('hex');
  expect(headers['x-canary-signature']).toBe(`sha256=${expected}`);
});

test('retries 503, 429 and 500 with the same delivery id', async () => {
  await using receiver = await startReceiver([503, 429, 500]);
  const set = setUpWebhook(receiver);
  await fire(set);
  await received(receiver, 4, set);
  const ids = receiver.deliveries.map(({ headers }) => headers['x-canary-delivery']);
  expect(new Set(ids).size).toBe(1);
  expect(set.events.of('warning')).toEqual([]);
});

test('times out on a silent receiver and retries', async () => {
  await using receiver = await startReceiver(['silence']);
  const set = setUpWebhook(receiver, { timeout: '2s' });
  await fire(set);
  await received(receiver, 2, set);
  expect(receiver.deliveries).toHaveLength(2);
});

test.each([
  ['refuses', [400], /answered 400; a notice was dropped/],
  ['redirects', [302], /answered 302; a notice was dropped/],
  ['always fails', [500, 500], /answered 500/],
] as const)(
  'a notice is dropped if the receiver %s, with a warning that shows only its origin',
  async (_, answers, text) => {
    await using receiver = await startReceiver(answers);
    const set = setUpWebhook(receiver, { attempts: answers.length, secret: 'shh' });
    await fire(set);
    await received(receiver, answers.length, set);
    while (set.events.of('warning').length === 0) await setImmediate();
    const [{ code, message } = { code: '', message: '' }] = set.events.of('warning');
    expect([code, message]).toEqual(['webhook', expect.stringMatching(text)]);
    expect(message).toContain(new URL(receiver.url).origin);
    expect(message).not.toMatch(/hook\b(?!.*at)|shh/);
  },
);

test('calls do not wait for the receiver', async () => {
  await using receiver = await startReceiver(['silence']);
  const set = setUpWebhook(receiver);
  await fire(set);
  await receiver.received(1);
  set.providers.usually('gemini', failed(503));
  const answer = await within(set.clock, 0, ask(set.ai));
  expect(answer.choices).toHaveLength(1);
});

test('a closed client makes one more attempt per queued notice and leaves no timer', async () => {
  await using receiver = await startReceiver([503, 503]);
  const set = setUpWebhook(receiver);
  await fire(set);
  await receiver.received(1);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  void set.ai.canary.close();
  await receiver.received(2);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  expect(receiver.deliveries).toHaveLength(2);
  expect(set.clock.pendingTimers).toBe(0);
});

test('does not follow or retry a redirect', async () => {
  await using receiver = await startReceiver([302]);
  const set = setUpWebhook(receiver, { secret: 'shh' });
  await fire(set);
  while (set.events.of('warning').length === 0) await setImmediate();
  await set.clock.advance(120_000);
  expect(receiver.deliveries).toHaveLength(1);
});

test('a closed client spends at most the time of one attempt on all queued notices', async () => {
  await using receiver = await startReceiver(['silence', 'silence', 'silence', 'silence']);
  const set = setUpWebhook(receiver, { timeout: '2s' }, 'rollback');
  await fire(set);
  await receiver.received(1);
  void set.ai.canary.close();
  await set.clock.advance(2_000);
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  expect(receiver.deliveries).toHaveLength(1);
  expect(set.clock.pendingTimers).toBe(0);
});

test('drops the oldest of more than 100 queued notices and warns once', async () => {
  await using receiver = await startReceiver();
  const alerts = Array.from({ length: 150 }, (_, index) => ({ ...RULE, name: `rule ${index}` }));
  const { url } = receiver;
  const set = setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: { breaker: false, alerts, webhook: { url } },
  });
  await fire(set);
  await received(receiver, 101, set);
  const names = receiver.deliveries.map(({ body }) => (JSON.parse(body) as { name: string }).name);
  expect(names).toEqual(['rule 0', ...alerts.slice(50).map(({ name }) => name)]);
  expect(set.events.of('warning').map(({ message }) => message)).toEqual([
    expect.stringMatching(/^More than 100 notices are queued/),
  ]);
});
