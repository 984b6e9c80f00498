/** What the processes of one store tell each other of an upstream: pauses and breakers. */

import { describe, expect, test } from 'vitest';
import { type CanaryOptions, memoryStore, route } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask } from '../support/calls.ts';
import { chat, failed, type Reply, unreachable } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';

const POLL_MS = 5_000;
const limitedFor = (retryAfter: string): Reply => failed(429, {}, { 'retry-after': retryAfter });

interface FleetOptions {
  readonly canary?: CanaryOptions;
  readonly processes?: number;
  /** The key of `gemini` in each process. */
  readonly keys?: readonly string[];
}

/** Clients whose calls all go to the canary `gemini`, with `openai` as stable. */
function fleet({ canary, processes = 2, keys = [] }: FleetOptions = {}) {
  const clock = new ManualClock();
  const store = memoryStore({ now: () => clock.now() });
  const members = Array.from({ length: processes }, (_, index) => {
    const upstreams = { gemini: { apiKey: keys[index] ?? 'key-of-gemini' } };
    return setUpCanary({ upstreams, client: { maxRetries: 0 }, canary: { clock, store, ...canary } });
  });
  return { clock, members, store, first: members[0]!, other: members[1]! };
}

const askedBy = async ({ ai, providers }: SetUp): Promise<readonly string[]> => {
  const before = providers.asked.length;
  await ask(ai).catch(() => undefined);
  return providers.asked.slice(before);
};

describe('a wait that a provider states', () => {
  test('pauses the upstream in the other processes as well, until it is over', async () => {
    const { clock, first, other, store } = fleet();
    first.providers.script('gemini', limitedFor('30'));
    await ask(first.ai);
    await clock.advance(POLL_MS);
    expect(await askedBy(other)).toEqual(['openai']);
    expect(other.events.of('rateLimit')).toMatchObject([{ upstream: 'gemini', model: 'gpt-4.1', isHint: true }]);
    expect(other.events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'rateLimit' }]);
    await clock.advance(30_000 - POLL_MS);
    expect(await askedBy(other)).toEqual(['gemini']);
    expect(JSON.stringify(await store.messages('hints', 0))).not.toContain('key-of');
  });

  test('pauses them for a minute at most, and is told once', async () => {
    const { clock, first, other, store } = fleet();
    first.providers.usually('gemini', limitedFor('1800'));
    for (let call = 0; call < 3; call += 1) await ask(first.ai, route({ upstream: 'gemini' })).catch(() => undefined);
    expect(await store.messages('hints', 0)).toHaveLength(1);
    await clock.advance(POLL_MS);
    expect(await askedBy(other)).toEqual(['openai']);
    await clock.advance(60_000 - POLL_MS);
    expect(await askedBy(other)).toEqual(['gemini']);
  });

  test('counts against a canary in every process that it keeps calls away in', async () => {
    const rollout = { to: 'gemini', steps: [{ weight: 0.9, hold: '1d' }, { weight: 1 }] } as const;
    const { clock, first, other } = fleet({ canary: { weights: {}, rollout, breaker: false } });
    await clock.advance(POLL_MS);
    first.providers.script('gemini', limitedFor('60'));
    for (let key = 0; first.providers.to('gemini').length === 0; key += 1) await ask(first.ai, route({ key }));
    await clock.advance(POLL_MS);
    const before = other.ai.canary.rollout.state.canary;
    for (let key = 0; key < 20; key += 1) await ask(other.ai, route({ key }));
    const after = other.ai.canary.rollout.state.canary;
    expect(other.providers.to('gemini')).toEqual([]);
    expect(after.failures - before.failures).toBeGreaterThan(10);
  });

  test('keeps no call from an upstream that alone can serve it', async () => {
    const { clock, first, other } = fleet({ canary: { fallbacks: [] } });
    first.providers.usually('gemini', limitedFor('30'));
    await ask(first.ai).catch(() => undefined);
    await clock.advance(POLL_MS);
    expect(await askedBy(other)).toEqual(['gemini']);
  });

  test('says nothing to a process with another account', async () => {
    const { clock, first, other } = fleet({ keys: ['key-one', 'key-two'] });
    first.providers.script('gemini', limitedFor('30'));
    await ask(first.ai);
    await clock.advance(POLL_MS);
    expect(await askedBy(other)).toEqual(['gemini']);
  });

  test.each<[string, Reply]>([
    ['a 429 that states no wait', failed(429)],
    ['a refused key', failed(401)],
    ['a quota that is used up', failed(429, { code: 'insufficient_quota' }, { 'retry-after': '30' })],
    ['an unreachable network', unreachable()],
  ])('is not made up for %s', async (_, reply) => {
    const { clock, first, other, store } = fleet();
    first.providers.usually('gemini', reply);
    await ask(first.ai);
    await clock.advance(POLL_MS);
    expect(await store.messages('hints', 0)).toEqual([]);
    expect(await askedBy(other)).toEqual(['gemini']);
  });
});

describe('a breaker that opens', () => {
  const BREAKER = { breaker: { consecutive: 6, openFor: '5s', maxOpenFor: '15s' } } as const;

  /** Fails until the breakers of these processes have opened. */
  async function open(members: readonly SetUp[]): Promise<void> {
    for (const { ai, providers } of members) {
      providers.usually('gemini', failed(500));
      while (ai.canary.snapshot().upstreams['gemini']?.breaker.state !== 'open') await ask(ai);
    }
  }

  /** The failures in a row that open the breaker. */
  async function failuresToOpen(member: SetUp): Promise<number> {
    await ask(member.ai);
    const before = member.providers.to('gemini').length;
    await open([member]);
    return member.providers.to('gemini').length - before;
  }

  test('in one process changes nothing in the others: its network may be broken', async () => {
    const { clock, first, other } = fleet({ canary: BREAKER });
    await open([first]);
    await clock.advance(POLL_MS);
    expect(await askedBy(other)).toEqual(['gemini']);
    expect(await failuresToOpen(other)).toBe(6);
  });

  test('in two processes lets fewer failures open those of the others, and no success', async () => {
    const { clock, members } = fleet({ canary: BREAKER, processes: 3 });
    const last = members[2]!;
    await ask(last.ai);
    await open(members.slice(0, 2));
    await clock.advance(POLL_MS);
    for (let call = 0; call < 20; call += 1) expect(await askedBy(last)).toEqual(['gemini']);
    expect(await failuresToOpen(last)).toBe(3);
  });

  test('and closes again lets the others probe after their shortest open time', async () => {
    const { clock, first, other } = fleet({ canary: BREAKER });
    await open([first, other]);
    await clock.advance(5_000);
    // Its probe fails: it opens for ten seconds.
    expect(await askedBy(other)).toEqual(['gemini', 'openai']);
    for (const { providers } of [first, other]) providers.usually('gemini', chat());
    await clock.advance(1_000);
    for (let probe = 0; probe < 3; probe += 1) expect(await askedBy(first)).toEqual(['gemini']);
    expect(await askedBy(other)).toEqual(['openai']);
    await clock.advance(POLL_MS);
    expect(await askedBy(other)).toEqual(['gemini']);
  });
});
