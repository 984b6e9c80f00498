/** Several processes that share a store: leases, samples of all, revisions and edits. */

import { describe, expect, test } from 'vitest';
import {
  memoryStore,
  type CanaryOptions,
  type RolloutOptions,
  type Store,
  type UpstreamOptions,
} from '../../src/index.ts';
import type { Json } from '../../src/domain/store.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';

const ROLLOUT: Partial<RolloutOptions> = {
  steps: [{ weight: 0.2, hold: '1m' }, { weight: 0.5, hold: '1d' }, { weight: 1 }],
  guardrails: { errorRate: { margin: 0.1 } },
};

/** A store that several clients share, each on a clock of its own, and that one of them can be cut off from. */
function fleet() {
  const clock = new ManualClock();
  const store: Store = { ...memoryStore({ now: () => clock.now() }), persistent: true };
  const members: SetUp[] = [];
  return {
    store,
    /** Starts a process. `link.isCut` cuts it off from the store. */
    start: async (
      rollout: Partial<RolloutOptions> = ROLLOUT,
      { link = { isCut: false }, canary = {}, gemini = {} }: StartOptions = {},
    ): Promise<SetUp> => {
      const set = setUpRollout(rollout, { store: through(store, link), ...canary }, { gemini });
      members.push(set);
      await set.clock.advance(0);
      return set;
    },
    /** Lets a time pass for the store and all processes. */
    pass: async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await clock.advance(1_000);
        for (const { clock: own } of members) await own.advance(1_000);
      }
    },
  };
}

interface StartOptions {
  readonly link?: { isCut: boolean };
  readonly canary?: Partial<CanaryOptions>;
  readonly gemini?: UpstreamOptions;
}

/** The store, as a process sees it over a network that can fail. */
function through(store: Store, link: { readonly isCut: boolean }): Store {
  const methods = Object.entries(store).filter(([, method]) => typeof method === 'function');
  const reached = methods.map(([name, method]) => [
    name,
    async (...args: readonly unknown[]) => {
      if (link.isCut) throw new Error('ECONNREFUSED');
      return (method as (...given: readonly unknown[]) => unknown)(...args);
    },
  ]);
  return { ...store, ...Object.fromEntries(reached) } as Store;
}

const stateOf = ({ ai }: SetUp) => ai.canary.rollout.state;
const warningsOf = ({ events }: SetUp): readonly string[] => events.of('warning').map(({ message }) => message);
/** Makes calls without letting time pass. */
const callsOf = (set: SetUp, calls: number) => driver(set)({ calls, perSecond: Infinity });

describe('the samples of all processes', () => {
  test('a leader whose store is emptied counts its own calls once', async () => {
    let current = memoryStore();
    const names = Object.keys(current).filter((name) => name !== 'persistent');
    const methods = names.map((name) => {
      const forward = async (...args: readonly unknown[]): Promise<unknown> =>
        (current[name as 'read'] as (...given: readonly unknown[]) => unknown)(...args);
      return [name, forward];
    });
    const store = { ...Object.fromEntries(methods), persistent: true } as Store;
    const leader = setUpRollout(ROLLOUT, { store });
    await leader.clock.advance(2_000);
    await callsOf(leader, 20);
    current = memoryStore();
    // Its fences are not those of the old one, as those of Redis, which begin at the time.
    await current.lease('rollout:gemini', 'another process', 1_000);
    await current.release('rollout:gemini', 'another process');
    await leader.clock.advance(10_000);
    const { canary, stable } = stateOf(leader);
    expect(canary.calls + stable.calls).toBe(20);
    expect(await store.read('rollout:gemini')).toBeDefined();
  });

  test('a call that ends while the process sends its counts is counted', async () => {
    const { store, start, pass } = fleet();
    const leader = await start();
    const link = { isCut: false, whileSending: async (): Promise<unknown> => undefined };
    const addBlock: Store['addBlock'] = async (...args) => {
      await link.whileSending();
      await store.addBlock(...args);
      await link.whileSending();
    };
    const web = await start(ROLLOUT, { link, canary: { store: { ...through(store, link), addBlock } } });
    link.whileSending = () => callsOf(web, 10);
    await callsOf(web, 10);
    await pass(3);
    link.whileSending = async () => undefined;
    await pass(5);
    const { canary, stable } = stateOf(leader);
    expect(canary.calls + stable.calls).toBe(web.providers.asked.length);
  });

  test('a leader without calls rolls back a canary that fails in another process', async () => {
    const { start, pass } = fleet();
    const leader = await start();
    const web = await start();
    failAt(web, { gemini: 1 });
    for (let second = 0; second < 20 && stateOf(web).phase !== 'rolledBack'; second++) {
      await callsOf(web, 20);
      await pass(1);
    }
    expect(stateOf(leader)).toMatchObject({ phase: 'rolledBack' });
    expect(web.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
    expect(web.ai.canary.rollout.history).toMatchObject([{ verb: 'rollback', by: 'evidence' }]);
  });

  test('a leader without calls promotes a canary that is good in another process', async () => {
    const { start, pass } = fleet();
    const leader = await start();
    const web = await start();
    const drive = driver(web);
    for (let second = 0; second < 120 && stateOf(leader).step === 0; second++) {
      await drive({ calls: 20, perSecond: Infinity });
      await pass(1);
    }
    expect(stateOf(leader)).toMatchObject({ phase: 'progressing', step: 1 });
    await pass(1);
    expect(web.ai.canary.weights.gemini).toBe(0.5);
  });

  test('are counted once each, whichever process leads, and over changes of the lease', async () => {
    const { start, pass, store } = fleet();
    const links = [{ isCut: false }, { isCut: false }, { isCut: false }];
    const members: SetUp[] = [];
    for (const link of links) members.push(await start({ ...ROLLOUT, auto: false }, { link }));
    let calls = 0;
    for (let round = 0; round < 60; round++) {
      // Each process is cut off for a while in its turn, the one that leads, too.
      links.forEach((link, index) => (link.isCut = Math.floor(round / 15) === index && round % 15 < 12));
      for (const member of members) calls += await driver(member)({ calls: 5, perSecond: Infinity, from: round * 5 });
      await pass(1);
    }
    for (const link of links) link.isCut = false;
    await pass(15);
    const stored = (await store.read('rollout:gemini')) as unknown as StoredCalls;
    expect(stored.memory.calls.run.canary.calls + stored.memory.calls.run.stable.calls).toBe(calls);
    expect(stateOf(members[0]!).phase).toBe('progressing');
  });

  test('of a call before a retry are not counted after it', async () => {
    const { start, pass, store } = fleet();
    const leader = await start();
    const web = await start();
    await callsOf(web, 50);
    leader.ai.canary.rollout.rollback();
    leader.ai.canary.rollout.retry();
    await pass(6);
    const stored = (await store.read('rollout:gemini')) as unknown as StoredCalls;
    expect(stored.memory.calls.run.canary.calls).toBe(0);
  });
});

interface StoredCalls {
  readonly memory: {
    readonly calls: { readonly run: Readonly<Record<'canary' | 'stable', { readonly calls: number }>> };
  };
}

describe('a process that is cut off from the store', () => {
  test('neither advances nor promotes after its lease has ended, and takes over what others decided', async () => {
    const { start, pass } = fleet();
    const link = { isCut: false };
    const former = await start(ROLLOUT, { link });
    const other = await start();
    link.isCut = true;
    await pass(15);
    other.ai.canary.rollout.rollback('wrong tone');
    for (let second = 0; second < 90; second++) {
      await callsOf(former, 50);
      await pass(1);
    }
    expect(stateOf(former)).toMatchObject({ phase: 'progressing', step: 0, weight: 0.2 });
    expect(former.events.of('step')).toEqual([]);
    link.isCut = false;
    await pass(3);
    expect(stateOf(former)).toMatchObject({ phase: 'rolledBack', reason: 'wrong tone' });
    expect(warningsOf(former)).toContain(
      'This process no longer leads the rollout to gemini: another process has taken the lease',
    );
  });

  test('does not advance by hand either', async () => {
    const { start, pass } = fleet();
    const link = { isCut: false };
    const leader = await start(ROLLOUT, { link });
    link.isCut = true;
    leader.ai.canary.rollout.promote();
    await pass(1);
    expect(stateOf(leader)).toMatchObject({ step: 0, weight: 0.2 });
    await pass(15);
    expect(leader.ai.canary.weights.gemini).toBe(0.2);
    expect(leader.ai.canary.rollout.history).toEqual([]);
  });

  test('rolls back by its own evidence, and the fleet follows once the store is back', async () => {
    const { start, pass } = fleet();
    const leader = await start();
    const link = { isCut: false };
    const web = await start(ROLLOUT, { link });
    failAt(web, { gemini: 1 });
    link.isCut = true;
    await pass(2);
    for (let second = 0; second < 20; second++) {
      await callsOf(web, 20);
      await pass(1);
    }
    expect(web.ai.canary.weights.gemini).toBe(0);
    expect(stateOf(leader).phase).toBe('progressing');
    link.isCut = false;
    await pass(3);
    expect(stateOf(leader)).toMatchObject({ phase: 'rolledBack', reason: expect.stringContaining('errorRate') });
    expect(web.events.of('rollback')).toHaveLength(1);
    expect(leader.events.of('rollback')).toHaveLength(1);
  });

  test('rolls back by hand at once, even if it has to lead itself later', async () => {
    const { start, pass } = fleet();
    const link = { isCut: false };
    const leader = await start();
    const web = await start(ROLLOUT, { link });
    link.isCut = true;
    web.ai.canary.rollout.rollback('users complain');
    expect(web.ai.canary.weights.gemini).toBe(0);
    await leader.ai.canary.close();
    link.isCut = false;
    await pass(15);
    expect(stateOf(web)).toMatchObject({ phase: 'rolledBack', reason: 'users complain' });
    expect(web.events.of('rollback')).toHaveLength(1);
    expect(stateOf(await start())).toMatchObject({ phase: 'rolledBack', reason: 'users complain' });
  });

  test('a rollback that arrives late does not end a later run', async () => {
    const { start, pass } = fleet();
    const link = { isCut: false };
    const leader = await start();
    const web = await start(ROLLOUT, { link });
    link.isCut = true;
    web.ai.canary.rollout.rollback('old');
    leader.ai.canary.rollout.rollback('bad');
    leader.ai.canary.rollout.retry();
    await pass(12);
    link.isCut = false;
    await pass(5);
    expect(stateOf(leader)).toMatchObject({ phase: 'progressing', run: 2 });
    expect(stateOf(web)).toMatchObject({ phase: 'progressing', run: 2 });
    expect(web.ai.canary.weights.gemini).toBe(0.2);
  });

  test('warns each time that the store stops answering', async () => {
    const { start, pass } = fleet();
    const link = { isCut: false };
    const leader = await start(ROLLOUT, { link });
    for (let time = 0; time < 2; time++) {
      link.isCut = true;
      await pass(4);
      link.isCut = false;
      await pass(4);
    }
    const absences = warningsOf(leader).filter((message) => message.startsWith('The store failed'));
    expect(absences).toEqual([absences[0], absences[0]]);
  });
});

describe('another revision of the canary', () => {
  const CHANGES: Readonly<Record<string, UpstreamOptions>> = {
    'another model': { model: 'v2' },
    'another model of a map': { model: { 'gpt-4.1': 'v2' } },
    'another address': { baseURL: 'https://elsewhere.test/v1' },
    'other params': { model: 'v1', params: { temperature: 0 } },
    'another price': { model: 'v1', price: { inputPerMTok: 9, outputPerMTok: 9 } },
    'other capabilities': { model: 'v1', capabilities: { tools: false } },
  };
  const PRICES = { prices: {} };

  async function promoted(gemini: UpstreamOptions) {
    const shared = fleet();
    const before = await shared.start(ROLLOUT, { gemini, canary: PRICES });
    before.ai.canary.rollout.promote({ full: true });
    await before.clock.advance(0);
    expect(stateOf(before).phase).toBe('promoted');
    await before.ai.canary.close();
    return shared;
  }

  test.each(Object.entries(CHANGES))('%s begins at the first step, with the history kept', async (_name, gemini) => {
    const { start } = await promoted({ model: 'v1' });
    const after = await start(ROLLOUT, { gemini, canary: PRICES });
    expect(stateOf(after)).toMatchObject({ phase: 'progressing', step: 0, weight: 0.2, run: 2 });
    expect(after.events.of('restart')).toMatchObject([{ upstream: 'gemini', by: 'options', step: 0 }]);
    expect(warningsOf(after)).toEqual([expect.stringContaining('starts over: another revision of gemini')]);
    expect(after.ai.canary.rollout.history.map(({ verb }) => verb)).toEqual(['promote', 'restart']);
  });

  test.each<[string, UpstreamOptions]>([
    ['the same options', { model: 'v1', params: { top_p: 1, temperature: 0 } }],
    ['the same params in another order', { model: 'v1', params: { temperature: 0, top_p: 1 } }],
    ['another key', { model: 'v1', params: { top_p: 1, temperature: 0 }, apiKey: 'rotated' }],
    ['another time limit', { model: 'v1', params: { top_p: 1, temperature: 0 }, timeout: '9s' }],
    ['other limits', { model: 'v1', params: { top_p: 1, temperature: 0 }, limits: { rpm: 1_000_000 } }],
  ])('%s is no other revision', async (_name, gemini) => {
    const { start } = await promoted({ model: 'v1', params: { top_p: 1, temperature: 0 } });
    const after = await start(ROLLOUT, { gemini, canary: PRICES });
    expect(stateOf(after).phase).toBe('promoted');
    expect(after.events.of('restart')).toEqual([]);
  });

  test('gets no calls while a process with the former one leads, and begins when it has ended', async () => {
    const { start, pass } = fleet();
    const former = await start(ROLLOUT, { gemini: { model: 'v1' } });
    former.ai.canary.rollout.promote({ full: true });
    await pass(1);
    const next = await start(ROLLOUT, { gemini: { model: 'v2' } });
    await pass(2);
    expect(next.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
    expect(stateOf(next).waitsFor).toMatchObject([
      { for: 'store', message: expect.stringContaining('another revision') },
    ]);
    await former.ai.canary.close();
    await pass(2);
    expect(stateOf(next)).toMatchObject({ phase: 'progressing', step: 0, weight: 0.2 });
  });
});

describe('an edit of the options', () => {
  const GUARDRAILS = { errorRate: { margin: 0.1 } };
  const STEPS = [{ weight: 0.1, hold: '1h' }, { weight: 0.5, hold: '1d' }, { weight: 1 }] as const;

  async function edited(rollout: Partial<RolloutOptions>) {
    const { start } = fleet();
    const before = await start({ steps: STEPS, guardrails: GUARDRAILS });
    await driver(before)({ calls: 200 });
    before.ai.canary.rollout.promote();
    await before.clock.advance(0);
    await before.ai.canary.close();
    return { before: stateOf(before), after: await start({ guardrails: GUARDRAILS, ...rollout }) };
  }

  const [first, second, last] = STEPS;
  test.each<[string, Partial<RolloutOptions>]>([
    ['the hold of the step', { steps: [first, { ...second, hold: '2d' }, last] }],
    ['the hold of a step already taken', { steps: [{ ...first, hold: '5m' }, second, last] }],
    ['the calls that a step needs', { steps: [first, { ...second, minCalls: 500 }, last] }],
    ['a later step', { steps: [first, second, { weight: 0.8 }, last] }],
    ['a margin', { steps: STEPS, guardrails: { errorRate: { margin: 0.02 } } }],
    ['a further guardrail', { steps: STEPS, guardrails: { ...GUARDRAILS, latencyP95: {} } }],
    ['alpha', { steps: STEPS, alpha: 0.001 }],
    ['the judge', { steps: STEPS, judge: 'threshold' }],
  ])('%s goes into force where the rollout stands', async (_name, rollout) => {
    const { before, after } = await edited(rollout);
    expect(stateOf(after)).toMatchObject({ phase: 'progressing', step: 1, weight: 0.5, run: 1 });
    expect(stateOf(after).callsExposed).toBe(before.callsExposed);
    expect(stateOf(after).guardrails.map(({ guardrail }) => guardrail)).toEqual(
      Object.keys(rollout.guardrails ?? GUARDRAILS),
    );
    expect(after.events.of('restart')).toEqual([]);
  });

  test.each<[string, Partial<RolloutOptions>, string]>([
    [
      'the weight of the step',
      { steps: [first, { ...second, weight: 0.4 }, last] },
      'step 2, already taken, was edited',
    ],
    ['a step already taken', { steps: [{ ...first, weight: 0.2 }, second, last] }, 'step 1, already taken, was edited'],
    ['a step put before', { steps: [{ weight: 0.05 }, ...STEPS] }, 'step 1, already taken, was edited'],
    ['too few steps', { steps: [first] }, 'step 2, already taken, was edited'],
    ['the salt', { steps: STEPS, salt: 'other' }, 'the salt changed'],
  ])('%s starts over, with an event and a warning', async (_name, rollout, reason) => {
    const { after } = await edited(rollout);
    expect(stateOf(after)).toMatchObject({ phase: 'progressing', step: 0, run: 2, callsExposed: 0 });
    expect(after.events.of('restart')).toMatchObject([{ reason: expect.stringContaining(reason) }]);
    expect(warningsOf(after)).toEqual([expect.stringContaining(reason)]);
    expect(after.ai.canary.rollout.history.map(({ verb }) => verb)).toEqual(['promote', 'restart']);
  });
});

describe('a stored state that cannot be read', () => {
  type Change = (stored: Stored) => unknown;
  interface Stored {
    readonly memory: { readonly state: object };
  }
  const inState =
    (change: object): Change =>
    (stored) => ({
      ...stored,
      memory: { ...stored.memory, state: { ...stored.memory.state, ...change } },
    });
  const CHANGES: Readonly<Record<string, Change>> = {
    'another version': (stored) => ({ ...stored, version: 2 }),
    'an unknown phase': inState({ phase: 'zzz' }),
    'a step that does not exist': inState({ step: 99 }),
    'half a step': inState({ step: 0.5 }),
    'no run': inState({ run: undefined }),
    'a weight of 7': inState({ weight: 7 }),
    'no state': (stored) => ({ ...stored, memory: {} }),
    'no evidence': (stored) => ({ ...stored, memory: { ...stored.memory, calls: {} } }),
    'no options': (stored) => ({ ...stored, policy: {} }),
    'a text': () => 'garbage',
    'a list': () => [],
    'a number': () => 7,
    'a lost value': () => ({ lost: 'canary.json was not a valid store' }),
  };

  test.each(Object.entries(CHANGES))('%s gives the canary no calls until retry()', async (_name, change) => {
    const { start, store, pass } = fleet();
    const before = await start();
    before.ai.canary.rollout.promote();
    await before.clock.advance(0);
    await before.ai.canary.close();
    const broken = change((await store.read('rollout:gemini')) as unknown as Stored) as Json;
    await store.post('commands:gemini', { verb: 'retry' });
    await store.write('rollout:gemini', broken, Number.MAX_SAFE_INTEGER);

    const after = await start();
    await pass(10);
    expect(after.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
    expect(stateOf(after)).toMatchObject({ phase: 'rolledBack', reason: expect.stringContaining('cannot be read') });
    expect(warningsOf(after)).toEqual([
      expect.stringContaining('no calls until retry(): the stored rollout cannot be read'),
    ]);
    expect(await store.read('rollout:gemini')).toEqual(broken);

    after.ai.canary.rollout.retry();
    await pass(1);
    expect(stateOf(after)).toMatchObject({ phase: 'progressing', step: 0, weight: 0.2 });
    expect(await store.read('rollout:gemini')).toMatchObject({ memory: { state: { phase: 'progressing', step: 0 } } });
  });
});
