/** What the page is sent: its HTML, its state, and the way of a key. */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createDashboard, createStoreDashboard } from '../../src/dashboard/index.ts';
import type { PageState } from '../../src/dashboard/page-state.ts';
import { ConfigError, memoryStore } from '../../src/index.ts';
import { driver, setUpRollout } from '../support/rollout-traffic.ts';
import { changeOf, get, post } from './support.ts';

const stateOf = async (dashboard: ReturnType<typeof createDashboard>): Promise<PageState> =>
  (await (await get(dashboard, 'state')).json()) as PageState;

test('the page is one file under 150 kB that loads nothing, and its policy allows only its own script and style', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai);
  const response = await get(dashboard);
  const html = await response.text();
  expect(Buffer.byteLength(html)).toBeLessThan(150_000);
  const markup = html.replace(/<(script|style)>[^]*?<\/\1>/g, '');
  expect(markup).not.toMatch(/\b(?:src|href)="(?!data:|#)|\bon\w+=|\bstyle=/);
  const policy = response.headers.get('content-security-policy') ?? '';
  for (const name of ['script', 'style']) {
    const text = new RegExp(`<${name}>([^]*?)</${name}>`).exec(html)?.[1] ?? '';
    expect(policy).toContain(`${name}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  }
  expect(policy).toContain("default-src 'none'");
  dashboard.close();
});

test.each(['', '/', '/ops/canary', '/ops/canary/'])('the page is served under the path %j', async (path) => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai, { authorize: () => true });
  const response = await dashboard.fetch(new Request(`https://app.example${path}`));
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const state = await dashboard.fetch(new Request(`https://app.example${path.replace(/\/$/, '')}/state`));
  expect(((await state.json()) as PageState).from).toBe('process');
  dashboard.close();
});

test('HEAD has the headers of GET and no body', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai);
  const response = await get(dashboard, '', { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(await response.text()).toBe('');
  dashboard.close();
});

test('the state has the rollout with its steps, both sides, the numbers of upstreams, and decisions', async () => {
  const set = setUpRollout({ steps: [{ weight: 0.5, hold: '10s' }, { weight: 1 }] });
  const dashboard = createDashboard(set.ai);
  await driver(set)({ calls: 40, perSecond: 10 });
  set.ai.canary.rollout.pause('lunch');
  const { rollouts, traffic, decisions, canChange, problems } = await stateOf(dashboard);
  const [report] = rollouts;
  expect(report).toMatchObject({ upstream: 'gemini', phase: 'paused', step: 0, reason: 'lunch' });
  expect(report?.planned).toMatchObject({
    stable: 'openai',
    steps: [{ kind: 'weight', weight: 0.5, holdMs: 10_000 }, {}],
  });
  expect(report?.samples.stable.assigned).toBeGreaterThan(5);
  expect(traffic?.upstreams['gemini']?.attempts).toBe(report?.samples.canary.assigned);
  expect(traffic?.costs.costUsd).toBeCloseTo(40 * 0.00006, 6);
  expect(decisions[0]).toMatchObject({
    kind: 'pause',
    by: 'user',
    change: 'step 1 of 2 → paused at step 1',
    reason: 'lunch',
  });
  expect([canChange, problems]).toEqual([false, []]);
  dashboard.close();
});

test('without a rollout the state has none', async () => {
  const { setUp } = await import('../support/set-up.ts');
  const dashboard = createDashboard(setUp().ai);
  expect((await stateOf(dashboard)).rollouts).toEqual([]);
  dashboard.close();
});

test('each verb is carried out', async () => {
  const { ai } = setUpRollout({ steps: [{ weight: 0.1, hold: '1h' }, { weight: 0.5, hold: '1h' }, { weight: 1 }] });
  const dashboard = createDashboard(ai, { authorize: () => true });
  const { rollout } = ai.canary;
  const send = async (command: Parameters<typeof changeOf>[1]): Promise<string> => {
    const response = await post(dashboard, 'change', await changeOf(dashboard, command));
    expect(response.status).toBe(202);
    const { phase, step, weight } = rollout.state;
    return `${phase} ${step} ${weight}`;
  };
  expect(await send({ verb: 'setWeight', weight: 0.2 })).toBe('progressing 0 0.2');
  expect(await send({ verb: 'pause', reason: 'lunch' })).toBe('paused 0 0.2');
  expect(await send({ verb: 'resume' })).toBe('progressing 0 0.2');
  expect(await send({ verb: 'promote' })).toBe('progressing 1 0.5');
  expect(await send({ verb: 'rollback', to: 0.1 })).toBe('progressing 0 0.1');
  expect(await send({ verb: 'rollback', reason: 'complaints' })).toBe('rolledBack 0 0');
  expect(rollout.history.at(-1)?.reason).toContain('complaints');
  expect(await send({ verb: 'retry' })).toBe('progressing 0 0.1');
  expect(await send({ verb: 'promote', full: true })).toMatch(/^promoted 2/);
  expect(await send({ verb: 'undo' })).toMatch(/^rolledBack/);
  dashboard.close();
});

test('two people who confirm the same step move it once', async () => {
  const { ai } = setUpRollout({ steps: [{ weight: 0.1, hold: '1h' }, { weight: 0.5, hold: '1h' }, { weight: 1 }] });
  const dashboard = createDashboard(ai, { authorize: () => true });
  const change = await changeOf(dashboard, { verb: 'promote' });
  expect((await post(dashboard, 'change', change)).status).toBe(202);
  const second = await post(dashboard, 'change', change);
  expect(second.status).toBe(409);
  expect(await second.json()).toEqual({ error: expect.stringContaining('look again') as string });
  expect(ai.canary.rollout.state.step).toBe(1);
  dashboard.close();
});

test('a key is explained as the client would route it', async () => {
  const { ai } = setUpRollout({ steps: [{ weight: 0.5, hold: '1h' }, { weight: 1 }] });
  const dashboard = createDashboard(ai);
  const question = { key: 'user-1', attributes: { plan: 'premium', beta: true } };
  const answer = await (await post(dashboard, 'explain', question)).json();
  expect(answer).toEqual(JSON.parse(JSON.stringify(ai.canary.explain(question))));
  dashboard.close();
});

test('a page of a store shows and moves the rollout of another process', async () => {
  const store = memoryStore();
  const { ai, clock } = setUpRollout({ steps: [{ weight: 0.1, hold: '1h' }, { weight: 1 }] }, { store });
  await clock.advance(1_000);
  const dashboard = createStoreDashboard(store, { authorize: () => true });
  const state = await stateOf(dashboard);
  expect(state).toMatchObject({ from: 'store', rollouts: [{ upstream: 'gemini', phase: 'progressing' }] });
  expect(state.traffic).toBeUndefined();
  const change = await changeOf(dashboard, { verb: 'pause', reason: 'lunch' });
  expect((await post(dashboard, 'change', change)).status).toBe(202);
  await clock.advance(5_000);
  expect(ai.canary.rollout.state).toMatchObject({ phase: 'paused', reason: 'lunch' });
  expect((await post(dashboard, 'explain', { key: 'a' })).status).toBe(404);
  expect((await get(dashboard, 'samples')).status).toBe(404);
  dashboard.close();
  await ai.canary.close();
});

test('a store without rollouts, or with one that cannot be read, says so', async () => {
  const store = memoryStore();
  const dashboard = createStoreDashboard(store, { authorize: () => true });
  expect((await stateOf(dashboard)).rollouts).toEqual([]);
  const lease = await store.lease('rollout:gemini', 'a', 1_000);
  await store.write('rollout:gemini', { version: 'from the future' }, lease!.fence);
  const { rollouts, problems } = await stateOf(dashboard);
  expect(rollouts).toEqual([]);
  expect(problems).toEqual([expect.stringContaining('The rollout to gemini cannot be read')]);
  dashboard.close();
});

test.each([
  [{ readOnly: false }, /dashboard\.readOnly should not be false without authorize/],
  [{ authorize: true }, /dashboard\.authorize should be a function, got true/],
  [{ updateInterval: 50 }, /dashboard\.updateInterval/],
  [{ updateInterval: '2m' }, /dashboard\.updateInterval should be at most 1 minute, got "2m"/],
  [{ maxClients: 0 }, /dashboard\.maxClients/],
  [{ samples: 'yes' }, /dashboard\.samples should be true or false, got "yes"/],
  [{ origins: 'https://a.example' }, /dashboard\.origins should be a list/],
  [{ origins: ['https://a.example/'] }, /dashboard\.origins\[0\] should be an origin/],
  [{ readonly: true }, /dashboard\.readonly is not an option; did you mean readOnly/],
])('options %j are refused', (options, message) => {
  const { ai } = setUpRollout({});
  // Not of the type: as from JavaScript.
  expect(() => createDashboard(ai, options as object)).toThrow(ConfigError);
  expect(() => createDashboard(ai, options as object)).toThrow(message);
});

test('further origins may send changes', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai, { authorize: () => true, origins: ['https://ops.example'] });
  const change = await changeOf(dashboard, { verb: 'pause' });
  expect((await post(dashboard, 'change', change, { origin: 'https://ops.example' })).status).toBe(202);
  dashboard.close();
});
