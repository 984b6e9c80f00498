/** The stream of an open page: live, bounded, and gone without a trace. */

import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createDashboard } from '../../src/dashboard/index.ts';
import { EventHub } from '../../src/dashboard/event-hub.ts';
import { Recorder } from '../../src/dashboard/recorder.ts';
import type { PageState } from '../../src/dashboard/page-state.ts';
import type { Source } from '../../src/dashboard/source.ts';
import { serve } from '../http/serve.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';
import { get, readEvents } from './support.ts';

const STATE = { atMs: 1, from: 'process', rollouts: [], problems: [], decisions: [] } as const;

/** A hub over made-up numbers: a sample is its number. */
function openHub({ maxClients = 10, updateMs = 20, state = async () => STATE as unknown as PageState } = {}) {
  let taken = 0;
  const lines = ['openai'];
  const source = {
    charts: [{ id: 'calls', title: 'Calls', unit: 'perSecond' }],
    lines: () => lines,
    sample: async () => ({ atMs: ++taken, values: [lines.map(() => taken)] }),
  } as unknown as Source;
  const recorder = new Recorder(source);
  const hub = new EventHub({ state, recorder, updateMs, maxClients });
  const open = (lastEventId: string | null = null, signal = new AbortController().signal) =>
    new Response(hub.open(lastEventId, signal));
  return {
    hub,
    recorder,
    lines,
    open,
    [Symbol.dispose]() {
      hub.close();
      recorder.close();
    },
  };
}

test('a page gets the state at once, and again at every interval', async () => {
  using page = openHub();
  expect((await readEvents(page.open(), 'state', 3)).map(({ data }) => data.atMs)).toEqual([1, 1, 1]);
});

test('a decision is sent at once', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai, { updateInterval: '1m' });
  const response = await get(dashboard, 'events');
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const states = readEvents(response, 'state', 2);
  await vi.waitUntil(() => response.body?.locked);
  const timer = setInterval(
    () => ai.canary.rollout.state.phase === 'progressing' && ai.canary.rollout.pause('now'),
    300,
  );
  const phases = (await states).map(({ data }) => data.rollouts[0]?.phase);
  clearInterval(timer);
  expect(phases.at(-1)).toBe('paused');
  dashboard.close();
});

test('a page that comes back gets only the samples that it does not have', async () => {
  using page = openHub();
  for (let index = 0; index < 3; index += 1) await page.recorder.record();
  const [first] = await readEvents(page.open(), 'samples');
  expect(first?.data).toMatchObject({ reset: true, atMs: [1, 2, 3], values: [[[1, 2, 3]]] });
  await page.recorder.record();
  const [next] = await readEvents(page.open(first?.id), 'samples');
  expect(next?.data).toMatchObject({ reset: false, atMs: [4], values: [[[4]]] });
});

test.each(['', 'other.2', 'x', '99', "'; drop"])('a page with the unknown id %j gets all samples', async (id) => {
  using page = openHub();
  await page.recorder.record();
  const [event] = await readEvents(page.open(id), 'samples');
  expect(event?.data).toMatchObject({ reset: true, atMs: [1] });
});

test('a new line in the charts sends all samples again, with a gap where it did not exist', async () => {
  let reads = 0;
  const state = async (): Promise<PageState> => {
    reads += 1;
    return STATE as unknown as PageState;
  };
  using page = openHub({ state });
  await page.recorder.record();
  const both = readEvents(page.open(), 'samples', 2);
  await vi.waitUntil(() => reads > 1, { timeout: 30_000 });
  page.lines.push('gemini');
  await page.recorder.record();
  const [, second] = await both;
  expect(second?.data).toMatchObject({
    reset: true,
    lines: ['openai', 'gemini'],
    values: [
      [
        [1, 2],
        [null, 2],
      ],
    ],
  });
});

test('at most an hour of samples is kept', async () => {
  using page = openHub();
  for (let index = 0; index < 1_805; index += 1) await page.recorder.record();
  const { atMs } = page.recorder.after(undefined);
  expect([atMs.length, atMs[0], atMs.at(-1)]).toEqual([1_800, 6, 1_805]);
});

test('a state that cannot be read is a problem without its message, and comes back', async () => {
  let fails = true;
  const state = async (): Promise<PageState> => {
    if (fails) throw new TypeError('redis://user:secret@host is away');
    return STATE as unknown as PageState;
  };
  using page = openHub({ state });
  const [event] = await readEvents(page.open(), 'problem');
  expect(event?.data.problem).toBe('The numbers cannot be read (TypeError)');
  fails = false;
  expect(await readEvents(page.open(), 'state')).toHaveLength(1);
});

test('one page too many gets a 503, until another leaves', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai, { maxClients: 2 });
  const open = () => get(dashboard, 'events');
  const [first] = [await open(), await open()];
  const refused = await open();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
  await first?.body?.cancel();
  expect((await open()).status).toBe(200);
  dashboard.close();
});

test('a page that does not read is sent nothing more, and costs no memory', async () => {
  const big = { ...STATE, problems: ['x'.repeat(100_000)] } as unknown as PageState;
  let reads = 0;
  using page = openHub({ updateMs: 5, state: async () => ((reads += 1), big) });
  const response = page.open();
  await vi.waitUntil(() => reads > 20, { timeout: 30_000 });
  page.hub.close();
  const bytes = (await response.arrayBuffer()).byteLength;
  expect(bytes).toBeLessThan(250_000);
});

test('a page that reads nothing of its connection is disconnected after a minute, and one that reads is not', async () => {
  const { ai } = setUpRollout({});
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const dashboard = createDashboard(ai, { updateInterval: 100 });
  await using server = await serve(dashboard.node);
  const { port } = new URL(server.url);
  const open = (): Socket => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    socket.write(`GET /events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    return socket;
  };
  const connections = (): Promise<number> =>
    new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)));
  try {
    const [silent, reading] = [open().pause(), open().resume()];
    await vi.waitUntil(async () => (await connections()) === 2, { timeout: 30_000 });
    // The connection takes a few megabytes before it is full.
    let passedMs = 0;
    while ((await connections()) === 2 && passedMs < 850_000) {
      await vi.advanceTimersByTimeAsync(100);
      await setImmediate();
      passedMs += 100;
    }
    expect(await connections()).toBe(1);
    expect(passedMs).toBeGreaterThan(60_000);
    expect(reading.destroyed).toBe(false);
    silent.destroy();
    reading.destroy();
  } finally {
    vi.useRealTimers();
    dashboard.close();
  }
}, 60_000);

test('closing the dashboard ends the streams of its pages', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai);
  const text = (await get(dashboard, 'events')).text();
  dashboard.close();
  await expect(text).resolves.toContain('retry: 2000');
  expect((await get(dashboard, 'events')).status).toBe(503);
});

test('1,000 pages that connect and vanish leave nothing behind', async () => {
  using page = openHub({ maxClients: 1_000, updateMs: 1_000 });
  for (let index = 0; index < 1_000; index += 1) {
    const leave = new AbortController();
    const response = page.open(null, leave.signal);
    if (index % 2 === 0) leave.abort();
    else await response.body?.cancel();
  }
  expect(page.hub.size).toBe(0);
});

test('pages that vanish from a server are forgotten by it', async () => {
  const { ai } = setUpRollout({});
  const dashboard = createDashboard(ai, { maxClients: 200 });
  await using server = await serve(dashboard.node);
  for (let round = 0; round < 3; round += 1) {
    const leave = new AbortController();
    const open = () => fetch(`${server.url}/events`, { signal: leave.signal });
    const all = await Promise.all(Array.from({ length: 100 }, open));
    expect(all.every(({ status }) => status === 200)).toBe(true);
    leave.abort();
  }
  await vi.waitUntil(
    async () => {
      const connections = await new Promise<number>((resolve) =>
        server.server.getConnections((_, count) => resolve(count)),
      );
      return connections === 0;
    },
    { timeout: 30_000 },
  );
  expect((await fetch(`${server.url}/state`)).status).toBe(200);
  dashboard.close();
});
