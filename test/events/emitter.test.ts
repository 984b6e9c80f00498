/** Listeners never affect a call. */

import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { CanaryClient, type CallRecord } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, errorWithin } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import { setUp } from '../support/set-up.ts';

const FAILURES = [
  [
    'throws',
    () => {
      throw new Error('Listener broke.');
    },
  ],
  ['rejects', () => Promise.reject(new Error('Listener broke.'))],
  // Async listeners of other realms and of promise libraries return thenables.
  [
    'returns a thenable that rejects',
    // oxlint-disable-next-line unicorn/no-thenable -- the thenable is what the test is about
    () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('Listener broke.')) }),
  ],
] as const;

test.each(FAILURES)('a listener that %s is reported once, and calls are unaffected', async (_name, listener) => {
  const { ai, clock, events } = setUp();
  ai.canary.on('attempt', listener);
  await ask(ai);
  await ask(ai);
  await clock.advance(0);
  expect(events.of('warning')).toMatchObject([
    { code: 'listener', message: expect.stringMatching(/"attempt".*Listener broke\./) },
  ]);
  expect(events.of('call').map(({ outcome }) => outcome)).toEqual(['success', 'success']);
});

test('a listener that throws a different error each time is reported once', async () => {
  const { ai, events } = setUp();
  let thrown = 0;
  ai.canary.on('call', () => {
    throw new Error(`Failure ${(thrown += 1)}.`);
  });
  await ask(ai);
  await ask(ai);
  expect(thrown).toBe(2);
  expect(events.of('warning')).toHaveLength(1);
});

test('a listener that throws does not keep events from other listeners', async () => {
  const { ai } = setUp();
  const received: string[] = [];
  ai.canary.on('call', FAILURES[0][1]);
  ai.canary.on('call', () => received.push('second'));
  await ask(ai);
  expect(received).toEqual(['second']);
});

test('a warning listener that throws causes no further warning', async () => {
  const { ai } = setUp();
  ai.canary.on('warning', FAILURES[0][1]);
  ai.canary.on('call', FAILURES[0][1]);
  expect((await ask(ai)).choices).toHaveLength(1);
});

test('a logger that throws is reported once, and calls are unaffected', async () => {
  const warned: string[] = [];
  const logger = {
    warn: (message: string) => {
      warned.push(message);
      throw new Error('Disk full.');
    },
  };
  const { ai, clock, providers, events } = setUp({ canary: { logger, prices: {} }, client: { maxRetries: 0 } });
  await ai.chat.completions.create({ model: 'no-such-model', messages: [] });
  await ai.chat.completions.create({ model: 'another-such', messages: [] });
  providers.script('openai', failed(404));
  await errorWithin(clock, 0, ask(ai));
  expect(events.of('warning').filter(({ code }) => code === 'logger')).toHaveLength(1);
  expect(warned.length).toBeGreaterThan(1);
});

test('warnings go to the logger, prefixed with the package name', async () => {
  const warned: string[] = [];
  const { ai } = setUp({ canary: { logger: { warn: (message) => warned.push(message) }, prices: {} } });
  await ai.chat.completions.create({ model: 'no-such-model', messages: [] });
  expect(warned).toEqual([expect.stringMatching(/^\[openai-canary\] .*no-such-model/)]);
});

test('off() removes listeners added by on() and once()', async () => {
  const { ai } = setUp();
  const received: CallRecord[] = [];
  const listener = (record: CallRecord): void => void received.push(record);
  ai.canary.on('call', listener);
  await ask(ai);
  ai.canary.off('call', listener);
  await ask(ai);
  ai.canary.once('call', listener).off('call', listener);
  await ask(ai);
  expect(received).toHaveLength(1);
});

test('off() ignores a listener that was never added', () => {
  const { ai } = setUp();
  expect(ai.canary.off('call', () => undefined)).toBe(ai.canary);
});

test('a once() listener receives the next event only', async () => {
  const { ai } = setUp();
  let received = 0;
  ai.canary.once('call', () => (received += 1));
  await ask(ai);
  await ask(ai);
  expect(received).toBe(1);
});

test('off() removes a listener from one of its two events', async () => {
  const { ai } = setUp();
  const received: string[] = [];
  const listener = (record: object): void => void received.push('index' in record ? 'attempt' : 'call');
  ai.canary.on('call', listener).on('attempt', listener).off('attempt', listener);
  await ask(ai);
  expect(received).toEqual(['call']);
});

test('a listener added through a clone receives all events of the shared client', async () => {
  const { ai } = setUp();
  let received = 0;
  ai.withOptions({ timeout: 1_000 }).canary.on('call', () => (received += 1));
  await ask(ai);
  expect(received).toBe(1);
});

test('diagnostics_channel publishes the same payload objects that listeners receive', async () => {
  const { ai, events, providers, clock } = setUp({ client: { maxRetries: 0 } });
  const published: unknown[] = [];
  const subscriber = (payload: unknown): void => void published.push(payload);
  const names = ['attempt', 'call', 'rateLimit', 'alert'] as const;
  for (const name of names) channel(`openai-canary:${name}`).subscribe(subscriber);
  try {
    providers.script('openai', failed(401));
    await errorWithin(clock, 0, ask(ai));
    await ask(ai);
  } finally {
    for (const name of names) channel(`openai-canary:${name}`).unsubscribe(subscriber);
  }
  const received = names.flatMap((name) => events.of(name));
  expect(published).toHaveLength(received.length);
  expect(received.length).toBeGreaterThan(6);
  for (const payload of received) expect(published).toContain(payload);
});

test('channels receive events without a listener', async () => {
  const clock = new ManualClock();
  const providers = new ScriptedProviders(clock);
  const ai = new CanaryClient({
    apiKey: 'k',
    baseURL: 'https://openai.test/v1',
    fetch: providers.fetch,
    canary: { clock },
  });
  const published: unknown[] = [];
  const subscriber = (payload: unknown): void => void published.push(payload);
  channel('openai-canary:call').subscribe(subscriber);
  try {
    await ask(ai);
  } finally {
    channel('openai-canary:call').unsubscribe(subscriber);
  }
  expect(published).toMatchObject([{ outcome: 'success' }]);
});
