/** Callers with limits and budgets of their own, and the admin routes. */

import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { ADMIN, CHAT, TOKEN, errorOf, startWorld, type World } from './support.ts';

const OTHER = 'token-of-the-night-batch';
const asOther = { authorization: `Bearer ${OTHER}` };
const statusOf = async (world: World, headers?: Record<string, string>): Promise<number> => {
  const response = await world.post('/v1/chat/completions', CHAT, headers);
  await response.text();
  return response.status;
};

test('requests per minute are limited by caller, over any sixty seconds', async () => {
  const clock = new ManualClock();
  await using world = await startWorld({ gateway: { clock, auth: { web: { token: TOKEN, rpm: 2 }, batch: OTHER } } });
  expect(await statusOf(world)).toBe(200);
  await clock.advance(20_000);
  expect(await statusOf(world)).toBe(200);
  const refused = await world.post('/v1/chat/completions', CHAT);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '40']);
  expect(await errorOf(refused)).toMatchObject({ type: 'rate_limit_error', code: 'rate_limit_exceeded' });
  expect(await statusOf(world, asOther)).toBe(200);
  await clock.advance(40_000);
  expect(await statusOf(world)).toBe(200);
  expect(await statusOf(world)).toBe(429);
});

test('a stream holds its place until it ends', async () => {
  await using world = await startWorld({
    gateway: { auth: { web: { token: TOKEN, concurrency: 1 } } },
    stable: { answer: 'one two three', chunkDelayMs: 20 },
  });
  const stream = await world.post('/v1/chat/completions', { ...CHAT, stream: true });
  expect(await statusOf(world)).toBe(429);
  await stream.text();
  expect(await statusOf(world)).toBe(200);
});

test('a budget is shared by the requests of a caller, and starts again with its period', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 23));
  await using world = await startWorld({
    gateway: {
      clock,
      auth: { web: { token: TOKEN, budget: { per: 'day', limitUsd: 0.05 } }, batch: { token: OTHER } },
    },
    // Ten output tokens reserve 0.02 USD.
    options: { prices: { openai: { inputPerMTok: 0, outputPerMTok: 2_000 } } },
    stable: { usage: () => ({ completionTokens: 10 }) },
  });
  const body = { ...CHAT, max_tokens: 10 };
  const ask = async (headers?: Record<string, string>): Promise<Response> =>
    world.post('/v1/chat/completions', body, headers);
  const statuses: number[] = [];
  for (let index = 0; index < 5; index += 1) {
    const response = await ask();
    await response.text();
    statuses.push(response.status);
  }
  expect(statuses[0]).toBe(200);
  expect(statuses.at(-1)).toBe(429);
  const refused = await ask();
  expect(refused.headers.get('retry-after')).toBe('3600');
  expect(refused.headers.get('x-should-retry')).toBe('false');
  expect(await errorOf(refused)).toMatchObject({
    type: 'insufficient_quota',
    message: 'The budget of this token is spent.',
  });
  expect((await ask(asOther)).status).toBe(200);
  await clock.advance(3_600_000);
  expect((await ask()).status).toBe(200);
});

const admin = (world: World, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(world.url + path, {
    method,
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

test('an administrator changes weights, segments and tasks', async () => {
  await using world = await startWorld({ gateway: { admin: { ops: ADMIN } } });
  expect(await (await admin(world, 'GET', '/admin/weights')).json()).toEqual({ weights: { openai: 1, gemini: 0 } });
  expect(await (await admin(world, 'PUT', '/admin/weights', { gemini: 0.25 })).json()).toEqual({
    weights: { openai: 0.75, gemini: 0.25 },
  });
  expect((await admin(world, 'PUT', '/admin/segments', [{ when: { plan: 'beta' }, upstream: 'gemini' }])).status).toBe(
    200,
  );
  expect(world.ai.canary.explain({ attributes: { plan: 'beta' } })).toMatchObject({
    upstream: 'gemini',
    reason: 'segment',
  });
  expect((await admin(world, 'PUT', '/admin/tasks', { routes: { sum: ['gemini'] } })).status).toBe(200);
  expect(world.ai.canary.explain({ task: 'sum' })).toMatchObject({ upstream: 'gemini', reason: 'task' });
  expect(await (await admin(world, 'GET', '/admin/state')).json()).toMatchObject({
    stable: 'openai',
    weights: { gemini: 0.25 },
    rollouts: {},
    history: expect.any(Array),
  });
});

test.each([
  ['/admin/weights', { gemni: 1 }, /gemni/],
  ['/admin/weights', [], /weights/],
  ['/admin/weights', null, /weights/],
  ['/admin/segments', {}, /segments/],
  ['/admin/tasks', { routes: { a: ['b'] } }, /routes/],
])('%s refuses %j with the rule, and changes nothing', async (path, body, message) => {
  await using world = await startWorld({ gateway: { admin: { ops: ADMIN } } });
  const response = await admin(world, 'PUT', path, body);
  expect(response.status).toBe(400);
  expect((await errorOf(response))['message']).toMatch(message);
  expect(world.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
});

test('an administrator moves a rollout, whose history names the token', async () => {
  const rollout = {
    to: 'gemini',
    steps: [
      { weight: 0.1, hold: '1h' },
      { weight: 1, hold: '1h' },
    ],
  } as const;
  await using world = await startWorld({ gateway: { admin: { ops: ADMIN } }, options: { rollout } });
  const phase = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { rollouts: { gemini: { phase: string } } }).rollouts.gemini.phase;
  expect(await phase(await admin(world, 'GET', '/admin/rollout'))).toBe('progressing');
  expect(await phase(await admin(world, 'POST', '/admin/rollout/pause', { upstream: 'gemini' }))).toBe('paused');
  expect(await phase(await admin(world, 'POST', '/admin/rollout/resume', {}))).toBe('progressing');
  expect((await admin(world, 'POST', '/admin/rollout/set-weight', { weight: 0.2 })).status).toBe(200);
  expect(world.ai.canary.weights['gemini']).toBeCloseTo(0.2);
  expect(await phase(await admin(world, 'POST', '/admin/rollout/rollback', { reason: 'wrong tone' }))).toBe(
    'rolledBack',
  );
  expect(world.ai.canary.rollout.history.map(({ reason }) => reason)).toEqual(
    expect.arrayContaining(['pause by ops', 'wrong tone']),
  );
  const refused = await admin(world, 'POST', '/admin/rollout/promote', {});
  expect([refused.status, (await errorOf(refused))['code']]).toEqual([409, 'not_possible']);
  expect((await admin(world, 'POST', '/admin/rollout/pause', { upstream: 'constructor' })).status).toBe(400);
  expect((await admin(world, 'POST', '/admin/rollout/retry', { upstream: 'gemini' })).status).toBe(200);
});
