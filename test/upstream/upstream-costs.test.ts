/** The estimated cost of a call before it is made. */

import { expect, test } from 'vitest';
import { describeCall } from '../../src/call/describe-call.ts';
import { Engine } from '../../src/runtime/engine.ts';
import type { CanaryOptions } from '../../src/index.ts';
import { resolveOptions } from '../../src/runtime/resolve-options.ts';
import { ManualClock } from '../../src/testing/index.ts';

const DOLLAR_A_TOKEN = { inputPerMTok: 0, outputPerMTok: 1_000_000 };
const MESSAGES = [{ role: 'user', content: 'Why is the sky blue?' }];

/** The estimated cost in USD of a request on the upstream `b`. By default an output token costs one dollar and input is free. */
function estimate(
  body: Readonly<Record<string, unknown>>,
  upstream: NonNullable<CanaryOptions['upstreams']>[string] = {},
  path = '/chat/completions',
): number | undefined {
  const canary = {
    upstreams: { b: { price: DOLLAR_A_TOKEN, ...upstream } },
    clock: new ManualClock(Date.UTC(2026, 10, 20)),
  };
  const { services } = new Engine(resolveOptions(canary, {}), { routes: true });
  const about = { id: 1, startedAtMs: 0, context: undefined, keyOption: undefined, keyed: false };
  const whole = { model: 'gpt-4.1', ...body };
  return services.estimateCostUsd('b', describeCall({ method: 'post', path, body: whole }, about), whole);
}

test.each([
  ['max_tokens', '/chat/completions'],
  ['max_completion_tokens', '/chat/completions'],
  ['max_tokens', '/completions'],
  ['max_output_tokens', '/responses'],
])('counts all the output that %s allows on %s', (field, path) => {
  expect(estimate({ [field]: 50 }, {}, path)).toBe(50);
});

test.each([
  ['1,024 output tokens without a limit', {}, {}, 1_024],
  ["the upstream's limit if it is below 1,024", {}, { maxOutputTokens: 100 }, 100],
  ["1,024 output tokens if the upstream's limit is higher", {}, { maxOutputTokens: 8_000 }, 1_024],
  ["the upstream's limit if the call's is higher", { max_tokens: 5_000 }, { maxOutputTokens: 100 }, 100],
  ["the call's limit if the upstream's is higher", { max_tokens: 50 }, { maxOutputTokens: 100 }, 50],
  ['each of several answers', { max_tokens: 50, n: 3 }, {}, 150],
  ["what the upstream's params set", { max_tokens: 50 }, { params: { max_tokens: 20, n: 2 } }, 40],
  [
    "1,024 output tokens if the upstream's params remove the limit",
    { max_tokens: 50 },
    { params: { max_tokens: null } },
    1_024,
  ],
  ['the larger of two limits', { max_tokens: 40, max_completion_tokens: 50 }, {}, 50],
  ['1,024 output tokens for an invalid limit', { max_tokens: 'many', n: -1 }, {}, 1_024],
])('counts %s', (_what, body, upstream, tokens) => {
  expect(estimate(body, upstream)).toBe(tokens);
});

test.each([
  ['the tier that the call asks for', { service_tier: 'priority' }, {}, 100],
  ["the tier that the upstream's params set", { service_tier: 'priority' }, { params: { service_tier: 'flex' } }, 25],
  ["the standard tier if the upstream's params remove the field", { service_tier: 'priority' }, { params: { service_tier: null } }, 50], // prettier-ignore
  ['the standard tier if the price of another is not known', { service_tier: 'batch' }, {}, 50],
])('prices %s', (_what, body, upstream, costUsd) => {
  const price = { ...DOLLAR_A_TOKEN, serviceTiers: { priority: 2, flex: 0.5 } };
  expect(estimate({ max_tokens: 50, ...body }, { price, ...upstream })).toBe(costUsd);
});

test('multiplies completions by prompts and best_of', () => {
  expect(estimate({ prompt: ['a', 'b'], max_tokens: 5, best_of: 3 }, {}, '/completions')).toBe(30);
  expect(estimate({ prompt: [1, 2, 3], max_tokens: 5 }, {}, '/completions')).toBe(5);
});

test('estimates input from the text of the body, and no output for embeddings', () => {
  const price = { inputPerMTok: 1_000_000, outputPerMTok: 1 };
  expect(estimate({ input: 'one two three' }, { price }, '/embeddings')).toBe(3);
  const tokens = estimate({ messages: MESSAGES, max_tokens: 0 }, { price });
  expect(tokens).toBeGreaterThan(8);
  expect(tokens).toBeLessThan(20);
});

test('uses the price of the model that the upstream would get', () => {
  const body = { max_tokens: 1_000_000 };
  const upstream = { price: undefined, provider: 'openai', apiKey: 'k' } as const;
  expect(estimate(body, upstream)).toBeCloseTo(8, 4);
  expect(estimate(body, { ...upstream, model: 'gpt-4.1-mini' })).toBeCloseTo(1.6, 4);
  expect(estimate(body, { ...upstream, model: 'gpt-4.1-mini', params: { model: 'gpt-4.1-nano' } })).toBeCloseTo(0.4, 4);
});

test.each([
  ['an unknown price', {}, { price: undefined, provider: 'holysheep', apiKey: 'k' } as const, undefined],
  ['a call that is not portable', {}, {}, '/files'],
])('estimates nothing for %s', (_what, body, upstream, path) => {
  expect(estimate(body, upstream, path)).toBeUndefined();
});

test('estimates nothing for an unknown upstream, and throws for no body', () => {
  const { services } = new Engine(resolveOptions({}, {}), { routes: true });
  const about = { id: 1, startedAtMs: 0, context: undefined, keyOption: undefined, keyed: false };
  const call = describeCall({ method: 'post', path: '/chat/completions', body: { model: 'gpt-4.1' } }, about);
  expect(services.estimateCostUsd('nobody', call, {})).toBeUndefined();
  for (const body of [undefined, null, 7, 'text', []])
    expect(services.estimateCostUsd('openai', call, body)).toBeGreaterThan(0);
});
