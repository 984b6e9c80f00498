/** Who may see the page and change something: the table of a hostile visitor. */

import { expect, test } from 'vitest';
import { createDashboard, type DashboardOptions } from '../../src/dashboard/index.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';
import { changeOf, get, LOCAL, post } from './support.ts';

const EVIL = '<img src=x onerror=alert(1)>';

/** A page with buttons over a rollout to `gemini`. */
function open(options: DashboardOptions = { authorize: () => true }) {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai, options);
  return {
    ai,
    dashboard,
    phase: () => ai.canary.rollout.state.phase,
    async [Symbol.asyncDispose]() {
      dashboard.close();
      await ai.canary.close();
    },
  };
}

const PAUSE = {
  upstream: 'gemini',
  command: { verb: 'pause' },
  seen: { phase: 'progressing', step: 0, run: 1 },
};

type Visitor = [
  name: string,
  options: DashboardOptions,
  status: number,
  send: unknown,
  headers?: Parameters<typeof post>[3],
];

test.each<Visitor>([
  ['without authorize', {}, 403, PAUSE],
  ['on a read-only page', { authorize: () => true, readOnly: true }, 403, PAUSE],
  ['who may only read', { authorize: (_, wish) => wish === 'read' }, 403, PAUSE],
  ['who may nothing', { authorize: () => false }, 403, PAUSE],
  ['from another site', {}, 403, PAUSE, { origin: 'https://evil.example' }],
  ['from another port', { authorize: () => true }, 403, PAUSE, { origin: 'http://localhost:9999' }],
  ['from a sandbox', { authorize: () => true }, 403, PAUSE, { origin: 'null' }],
  ['from a file', { authorize: () => true }, 403, PAUSE, { origin: 'file://localhost:4141' }],
  ['without an origin', { authorize: () => true }, 403, PAUSE, { origin: null }],
  ['with a form', { authorize: () => true }, 415, PAUSE, { 'content-type': 'text/plain' }],
  ['with a type that begins alike', { authorize: () => true }, 415, PAUSE, { 'content-type': 'application/jsonp' }],
  ['with a body that is no JSON', { authorize: () => true }, 400, '{'],
  ['with a list', { authorize: () => true }, 400, []],
  ['with null', { authorize: () => true }, 400, null],
  ['with 20 kB', { authorize: () => true }, 413, JSON.stringify({ ...PAUSE, padding: 'x'.repeat(20_000) })],
  ['with a false length', { authorize: () => true }, 413, PAUSE, { 'content-length': '99999999' }],
  ['with a further field', { authorize: () => true }, 400, { ...PAUSE, admin: true }],
  ['with a verb that is none', { authorize: () => true }, 400, { ...PAUSE, command: { verb: 'constructor' } }],
  ['with an upstream that is none', { authorize: () => true }, 400, { ...PAUSE, upstream: '__proto__' }],
  [
    'with a control character',
    { authorize: () => true },
    400,
    { ...PAUSE, command: { verb: 'pause', reason: 'a\n[31mb' } },
  ],
  ['with a weight of 2', { authorize: () => true }, 400, { ...PAUSE, command: { verb: 'setWeight', weight: 2 } }],
  ['with a weight as text', { authorize: () => true }, 400, { ...PAUSE, command: { verb: 'setWeight', weight: '1' } }],
  ['for what is not possible now', { authorize: () => true }, 409, { ...PAUSE, command: { verb: 'undo' } }],
  [
    'for a step that is over',
    { authorize: () => true },
    409,
    { ...PAUSE, seen: { phase: 'progressing', step: 1, run: 1 } },
  ],
])('a visitor %s moves nothing', async (_visitor, options, status, send, headers) => {
  await using page = open(options);
  const before = page.ai.canary.rollout.history.length;
  const response = await post(page.dashboard, 'change', send, headers);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ error: expect.any(String) as string });
  expect(page.phase()).toBe('progressing');
  expect(page.ai.canary.rollout.history).toHaveLength(before);
});

test('an authorize that throws lets nothing pass', async () => {
  await using page = open({
    authorize: () => {
      throw new Error('the directory does not answer');
    },
  });
  await expect(post(page.dashboard, 'change', PAUSE)).rejects.toThrow('directory');
  await expect(get(page.dashboard, 'state')).rejects.toThrow('directory');
  expect(page.phase()).toBe('progressing');
});

test('an authorize that returns something that is not true lets nothing pass', async () => {
  await using page = open({ authorize: () => 'no' as unknown as boolean });
  expect((await get(page.dashboard, 'state')).status).toBe(401);
  expect((await post(page.dashboard, 'change', PAUSE)).status).toBe(403);
});

test('a response of authorize is sent as it is', async () => {
  await using page = open({ authorize: () => new Response(null, { status: 302, headers: { location: '/login' } }) });
  const response = await get(page.dashboard);
  expect([response.status, response.headers.get('location')]).toEqual([302, '/login']);
});

test.each([
  ['from another machine', { remoteAddress: '10.0.0.7' }, {}],
  ['from an address that is not known', { remoteAddress: undefined }, {}],
  ['through a name that points here', LOCAL, { host: 'evil.example:4141' }],
  ['through a proxy', LOCAL, { 'x-forwarded-for': '10.0.0.7' }],
])('without authorize a reader %s sees nothing', async (_reader, peer, headers) => {
  await using page = open({});
  for (const path of ['', 'state', 'events', 'samples']) {
    const response = await page.dashboard.fetch(new Request(`http://localhost:4141/${path}`, { headers }), peer);
    expect(response.status).toBe(403);
    expect(await response.text()).not.toContain('gemini');
  }
});

test.each([
  ['PUT', 'change', 405],
  ['DELETE', '', 405],
  ['POST', '', 405],
  ['POST', 'state', 405],
  ['GET', 'change', 405],
  ['OPTIONS', 'change', 405],
  ['GET', 'favicon.ico', 404],
  ['GET', '.env', 404],
  ['GET', '..%2f..%2fetc%2fpasswd', 404],
  ['GET', '__proto__/constructor.json', 404],
  ['GET', 'hasOwnProperty', 200],
  ['GET', '%0d%0aset-cookie:%20a=b', 404],
])('%s /%s is answered with %i', async (method, path, status) => {
  await using page = open();
  const response = await get(page.dashboard, path, { method });
  expect(response.status).toBe(status);
  expect([...response.headers.keys()]).not.toContain('set-cookie');
  await response.body?.cancel();
});

test('no answer of the page allows another site to read it, to keep it or to embed it', async () => {
  await using page = open();
  for (const path of ['', 'state', 'events', 'samples', 'nothing.here']) {
    const response = await get(page.dashboard, path);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    await response.body?.cancel();
  }
});

test('script in a reason stays text: it is JSON that no browser takes for a page', async () => {
  await using page = open();
  const change = await changeOf(page.dashboard, { verb: 'rollback', reason: EVIL });
  expect((await post(page.dashboard, 'change', change)).status).toBe(202);
  const response = await get(page.dashboard, 'state');
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(JSON.stringify(await response.json())).toContain(EVIL);
});

test('a page shows no key, of an API or of a user', async () => {
  await using page = open({ authorize: () => true, samples: true });
  const answer = await post(page.dashboard, 'explain', { key: 'user-4711' });
  const texts = [await answer.text(), await (await get(page.dashboard, 'state')).text()].join();
  expect(texts).not.toMatch(/key-of|user-4711/);
});

test.each([
  [{ key: '' }],
  [{ key: 5 }],
  [{ key: 'x'.repeat(501) }],
  [{ key: 'a', upstream: 'gemini' }],
  [{ attributes: [] }],
  [{ attributes: { plan: {} } }],
])('a question %j is refused', async (question) => {
  await using page = open();
  expect((await post(page.dashboard, 'explain', question)).status).toBe(400);
});
