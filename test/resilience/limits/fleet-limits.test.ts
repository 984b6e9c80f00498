/** Limits that the clients of one store share. */

import { describe, expect, test } from 'vitest';
import { CanaryClient, type LimitsOptions, memoryStore, RateLimitedError, type Store } from '../../../src/index.ts';
import { ManualClock, seededRandom } from '../../../src/testing/index.ts';
import { BODY, watch } from '../../support/calls.ts';
import { chat, type Reply } from '../../support/replies.ts';
import { ScriptedProviders } from '../../support/scripted-providers.ts';

const START_MS = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;

interface FleetOptions {
  readonly limits: LimitsOptions;
  readonly processes?: number;
  readonly reply?: Reply;
  readonly store?: (index: number, shared: Store) => Store;
}

/** Clients with connections of their own and one store. All providers together are one account. */
function fleet({ limits, processes = 4, reply = chat(), store = (_, shared) => shared }: FleetOptions) {
  const clock = new ManualClock(START_MS);
  const shared = memoryStore({ now: () => clock.now() });
  const members = Array.from({ length: processes }, (_, index) => {
    const providers = new ScriptedProviders(clock).usually('openai', reply);
    const ai = new CanaryClient({
      apiKey: 'key',
      baseURL: 'https://openai.test/v1',
      fetch: providers.fetch,
      maxRetries: 0,
      canary: {
        clock,
        random: seededRandom(index + 1),
        store: store(index, shared),
        limits: { openai: { scope: 'fleet', ...limits } },
        logger: { warn: () => undefined },
      },
    });
    const warnings: string[] = [];
    ai.canary.on('warning', ({ message }) => void warnings.push(message));
    const ask = (options: object = {}) => watch(ai.chat.completions.create({ ...BODY, ...options }));
    return { ai, providers, ask, warnings };
  });
  const sentAtMs = () =>
    members.flatMap(({ providers }) => providers.sent.map(({ atMs }) => atMs)).toSorted((a, b) => a - b);
  return { clock, members, sentAtMs };
}

/** A store that grants no parts while it is away. */
function breakable(fault: () => Promise<never> = () => Promise.reject(new Error('connection lost'))) {
  let isAway = false;
  const store = (_index: number, shared: Store): Store => ({
    ...shared,
    takeParts: (requests) => (isAway ? fault() : shared.takeParts!(requests)),
  });
  return { store, setAway: (away: boolean) => void (isAway = away) };
}

/** The most requests within any sixty seconds. */
function mostPerMinute(times: readonly number[]): number {
  let start = 0;
  return times.reduce((most, atMs, end) => {
    while (times[start]! <= atMs - MINUTE_MS) start += 1;
    return Math.max(most, end - start + 1);
  }, 0);
}

describe('rpm', () => {
  test('four processes that call at once never exceed the limit in any sixty seconds, and use nearly all of it', async () => {
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 100 } });
    await clock.advance(1_000);
    for (let step = 0; step < 620; step += 1) {
      for (const { ask } of members) ask();
      await clock.advance(200);
    }
    const times = sentAtMs();
    expect(mostPerMinute(times)).toBeLessThanOrEqual(100);
    // 124 seconds are two windows.
    expect(times.length).toBeGreaterThan(0.9 * 200);
  });

  test('a process with all of the traffic may use all of the limit', async () => {
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 100 } });
    for (let step = 0; step < 110; step += 1) {
      members[0]!.ask();
      await clock.advance(100);
    }
    expect(sentAtMs()).toHaveLength(100);
  });

  test('a burst far below the limit is served whole', async () => {
    const { clock, members } = fleet({ limits: { rpm: 10_000 } });
    for (const burst of [1, 20, 200]) {
      const calls = members.flatMap(({ ask }) => Array.from({ length: burst }, () => ask()));
      await clock.advance(100);
      expect(calls.filter(({ now }) => now.state !== 'resolved')).toEqual([]);
    }
  });

  test('a full limit fails the call of another process at once, with the time to retry', async () => {
    const { clock, members } = fleet({ limits: { rpm: 10 } });
    for (let call = 0; call < 10; call += 1) members[0]!.ask();
    await clock.advance(1_000);
    const refused = members[1]!.ask();
    await clock.advance(0);
    expect(refused.now).toMatchObject({ state: 'rejected', error: expect.any(RateLimitedError) });
    await clock.advance(63_000);
    const served = members[1]!.ask();
    await clock.advance(0);
    expect(served.now.state).toBe('resolved');
  });

  test('calls in the queue of each process are served as the limit allows', async () => {
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 60, queue: { maxWait: '10m' } } });
    const calls = members.flatMap(({ ask }) => Array.from({ length: 45 }, () => ask()));
    for (let seconds = 0; seconds < 200; seconds += 1) await clock.advance(1_000);
    expect(calls.filter(({ now }) => now.state !== 'resolved')).toEqual([]);
    expect(mostPerMinute(sentAtMs())).toBeLessThanOrEqual(60);
  });

  test("without the scope 'fleet' each process has the limit for itself", async () => {
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 10, scope: undefined } });
    for (const { ask } of members) for (let call = 0; call < 20; call += 1) ask();
    await clock.advance(1_000);
    expect(sentAtMs()).toHaveLength(40);
    expect(members[0]!.ai.canary.snapshot().upstreams['openai']?.limits?.fleet).toBeUndefined();
  });
});

/** Answers after two seconds. */
const slowly: Reply = async (request) => {
  await request.wait(2_000);
  return chat('Hello.', { input: 10, output: 40 })(request);
};

test('tpm: attempts in flight hold their estimate for all processes, and count their true usage afterwards', async () => {
  const { clock, members, sentAtMs } = fleet({ limits: { tpm: 3_000 }, reply: slowly });
  await clock.advance(1_000);
  const ask = () => members.flatMap((member) => [0, 1, 2].map(() => member.ask({ max_tokens: 500 })));
  ask();
  await clock.advance(1_500);
  const first = sentAtMs().length;
  // Each holds about 510 tokens.
  expect(first).toBeLessThanOrEqual(5);
  expect(first).toBeGreaterThanOrEqual(3);
  await clock.advance(5_000);
  for (let round = 0; round < 40; round += 1) {
    ask();
    await clock.advance(1_000);
  }
  // Each used 50 tokens. The last ones may not hold 500.
  expect(sentAtMs().length * 50).toBeLessThanOrEqual(3_000);
  expect(sentAtMs().length).toBeGreaterThan(30);
});

test('concurrency: no more attempts than the limit are in flight in all processes together', async () => {
  let [underWay, most] = [0, 0];
  const counted: Reply = async (request) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await request.wait(2_000);
    underWay -= 1;
    return chat()(request);
  };
  const { clock, members } = fleet({ limits: { concurrency: 6, queue: { maxWait: '5m' } }, reply: counted });
  const calls = members.flatMap(({ ask }) => Array.from({ length: 15 }, () => ask()));
  for (let seconds = 0; seconds < 60; seconds += 1) await clock.advance(500);
  expect(most).toBe(6);
  expect(calls.filter(({ now }) => now.state !== 'resolved')).toEqual([]);
});

describe('a process', () => {
  test('that dies keeps its part of the limit for a while, and its usage for a minute', async () => {
    let isDead = false;
    const store = (index: number, shared: Store): Store => ({
      ...shared,
      takeParts: (requests) =>
        isDead && index === 0 ? Promise.reject(new Error('dead')) : shared.takeParts!(requests),
    });
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 20 }, processes: 2, store });
    await clock.advance(1_000);
    for (let call = 0; call < 5; call += 1) members[0]!.ask();
    await clock.advance(100);
    isDead = true;
    for (let call = 0; call < 30; call += 1) {
      members[1]!.ask();
      await clock.advance(100);
    }
    expect(sentAtMs().length).toBeLessThanOrEqual(20);
    for (let seconds = 0; seconds < 140; seconds += 1) {
      members[1]!.ask();
      await clock.advance(1_000);
    }
    expect(mostPerMinute(sentAtMs())).toBe(20);
  });

  test('that is closed gives its part back at once', async () => {
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 40 }, processes: 2 });
    for (let call = 0; call < 10; call += 1) members[0]!.ask();
    await clock.advance(100);
    await members[0]!.ai.canary.close();
    for (let call = 0; call < 60; call += 1) {
      members[1]!.ask();
      await clock.advance(100);
    }
    expect(sentAtMs()).toHaveLength(40);
    expect(members[1]!.ai.canary.snapshot().upstreams['openai']?.limits?.fleet).toEqual({
      state: 'shared',
      processes: 1,
    });
  });
});

describe('while the store', () => {
  const faults: readonly (readonly [string, () => Promise<never>])[] = [
    ['rejects', () => Promise.reject(new Error('connection lost'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ];

  test.each(faults)('%s, no call waits longer than 250 ms, and each process keeps to its share', async (_, fault) => {
    const { store, setAway } = breakable(fault);
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 40 }, store });
    for (const { ask } of members) ask();
    await clock.advance(70_000);
    const before = sentAtMs().length;
    setAway(true);
    for (const { ask } of members) for (let call = 0; call < 30; call += 1) ask();
    await clock.advance(250);
    const first = members[0]!.ask();
    await clock.advance(0);
    expect(first.now.state).toBe('rejected');
    expect(sentAtMs().length - before).toBe(40);
    for (const { providers, ai } of members) {
      expect(providers.sent.length).toBe(11);
      expect(ai.canary.snapshot().upstreams['openai']?.limits?.fleet).toEqual({ state: 'away', processes: 4 });
    }
    setAway(false);
    await clock.advance(12_000);
    for (const { ai, warnings } of members) {
      expect(ai.canary.snapshot().upstreams['openai']?.limits?.fleet).toEqual({ state: 'shared', processes: 4 });
      expect(warnings.filter((message) => message.startsWith('The store failed'))).toHaveLength(1);
    }
    await clock.advance(60_000);
    members[0]!.ask();
    await clock.advance(100);
    expect(sentAtMs().length - before).toBe(41);
  });

  test('is away for half a minute, the calls before and meanwhile count once: none is refused that the limit allows', async () => {
    const { store, setAway } = breakable();
    const { clock, members } = fleet({ limits: { rpm: 400 }, store });
    // 240 calls a minute.
    const drive = async (seconds: number) => {
      const calls: ReturnType<(typeof members)[number]['ask']>[] = [];
      for (let second = 0; second < seconds; second += 1) {
        for (const { ask } of members) calls.push(ask());
        await clock.advance(1_000);
      }
      return calls.filter(({ now }) => now.state !== 'resolved').length;
    };
    expect(await drive(70)).toBe(0);
    setAway(true);
    expect(await drive(30)).toBe(0);
    setAway(false);
    expect(await drive(90)).toBe(0);
  });

  test('is away for a moment, a fleet at its limit does not exceed it', async () => {
    const { store, setAway } = breakable();
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 40 }, store });
    // One process has nearly all of the traffic.
    for (let call = 0; call < 80; call += 1) {
      members[0]!.ask();
      if (call % 4 === 0) for (const { ask } of members.slice(1)) ask();
      await clock.advance(100);
    }
    setAway(true);
    for (let step = 0; step < 40; step += 1) {
      for (const { ask } of members) ask();
      await clock.advance(100);
    }
    setAway(false);
    await clock.advance(1_000);
    for (const { ask } of members) ask();
    await clock.advance(100);
    expect(sentAtMs()).toHaveLength(40);
  });

  test('has lost its data, what was used in the last minute still counts', async () => {
    let current = memoryStore();
    const store = (): Store => ({ ...current, takeParts: (requests) => current.takeParts!(requests) });
    const { clock, members, sentAtMs } = fleet({ limits: { rpm: 40 }, store });
    current = memoryStore({ now: () => clock.now() });
    await clock.advance(1_000);
    for (let call = 0; call < 32; call += 1) {
      members[call % 4]!.ask();
      await clock.advance(50);
    }
    expect(sentAtMs()).toHaveLength(32);
    current = memoryStore({ now: () => clock.now() });
    await clock.advance(1_000);
    for (let call = 0; call < 60; call += 1) {
      members[call % 4]!.ask();
      await clock.advance(100);
    }
    expect(sentAtMs().length).toBeLessThanOrEqual(40);
    expect(sentAtMs().length).toBeGreaterThan(36);
  });
});
