/** What `snapshot().store` says of a store that answers, is slow, refuses or is gone, and the warnings of it. */

import { describe, expect, test } from 'vitest';
import { memoryStore, type Store, type StoreSnapshot } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { driver, setUpRollout } from '../support/rollout-traffic.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

type Fault = () => Promise<unknown> | undefined;

/** A store in memory whose operations, or only those that are named, have a fault while there is one. */
function faultyStore() {
  const plain = memoryStore();
  const faults: { fault: Fault; only: readonly string[] | undefined } = { fault: () => undefined, only: undefined };
  const methods = Object.entries(plain).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function' || name === 'subscribe') return [name, value];
    const faulty = async (...args: readonly unknown[]): Promise<unknown> => {
      if (faults.only === undefined || faults.only.includes(name)) await faults.fault();
      return (value as (...given: readonly unknown[]) => unknown)(...args);
    };
    return [name, faulty];
  });
  return { store: Object.fromEntries(methods) as Store, faults };
}

const storeOf = ({ ai }: SetUp): StoreSnapshot => ai.canary.snapshot().store!;
const storeWarnings = ({ events }: SetUp) => events.of('warning').filter(({ code }) => code === 'store');
const refuse: Fault = () => Promise.reject(new Error('ECONNREFUSED'));
const hang: Fault = () => new Promise(() => undefined);

test('a client without a store has no state of it', () => {
  expect(setUp().ai.canary.snapshot()).not.toHaveProperty('store');
});

describe('snapshot().store', () => {
  async function start() {
    const { store, faults } = faultyStore();
    const set = setUpRollout({ steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] }, { store });
    return { set, faults };
  }

  test('is connecting before the first answer, then connected, with the rollouts that the process leads', async () => {
    const { set } = await start();
    expect(storeOf(set)).toMatchObject({ state: 'connecting', leads: [] });
    await set.clock.advance(1_000);
    expect(storeOf(set)).toMatchObject({ state: 'connected', answerMs: 0, leads: ['gemini'], lostSamples: 0 });
  });

  test('is away while operations are refused, since the first refusal, and connected after that', async () => {
    const { set, faults } = await start();
    await set.clock.advance(5_000);
    const sinceMs = set.clock.now();
    faults.fault = refuse;
    await set.clock.advance(9_000);
    const away = storeOf(set);
    expect(away).toMatchObject({ state: 'away', reason: 'Error: ECONNREFUSED' });
    expect(away.state === 'away' && away.sinceMs - sinceMs).toBeLessThanOrEqual(2_000);
    faults.fault = () => undefined;
    await set.clock.advance(9_000);
    expect(storeOf(set)).toMatchObject({ state: 'connected', pending: 0 });
    expect(storeWarnings(set)).toMatchObject([{ message: expect.stringContaining('ECONNREFUSED') }]);
  });

  test('is away while writes are refused, although reads are answered, with one warning', async () => {
    const { set, faults } = await start();
    await set.clock.advance(5_000);
    faults.only = ['write', 'lease', 'post', 'addBlock', 'release', 'remember', 'dropBlocks'];
    faults.fault = refuse;
    await set.clock.advance(30_000);
    expect(storeOf(set)).toMatchObject({ state: 'away', reason: 'Error: ECONNREFUSED' });
    expect(storeWarnings(set)).toHaveLength(1);
  });

  test('is slow once an operation has waited for a second, and away after ten', async () => {
    const { set, faults } = await start();
    await set.clock.advance(5_000);
    faults.fault = hang;
    await set.clock.advance(4_000);
    expect(storeOf(set)).toMatchObject({ state: 'slow' });
    expect(storeWarnings(set)).toHaveLength(0);
    await set.clock.advance(9_000);
    expect(storeOf(set)).toMatchObject({ state: 'away', reason: 'Error: no answer within 10000 ms' });
    expect(storeWarnings(set)).toHaveLength(1);
  });

  test('is slow after an answer that took two seconds, with one warning', async () => {
    const { set, faults } = await start();
    faults.fault = () => new Promise<void>((resolve) => void set.clock.setTimeout(() => resolve(), 2_000));
    await set.clock.advance(30_000);
    expect(storeOf(set)).toMatchObject({ state: 'slow' });
    expect(storeWarnings(set)).toHaveLength(1);
    faults.fault = () => undefined;
    await set.clock.advance(9_000);
    expect(storeOf(set)).toMatchObject({ state: 'connected' });
  });

  test('counts the samples that wait, in bounded memory, and none once the store has them', async () => {
    const { set, faults } = await start();
    await set.clock.advance(1_000);
    faults.fault = refuse;
    await driver(set)({ calls: 300 });
    const { unsentSamples, lostSamples } = storeOf(set);
    // A call is counted when it is assigned, and when it ends.
    expect([unsentSamples, lostSamples]).toEqual([600, 0]);
    faults.fault = () => undefined;
    await set.clock.advance(15_000);
    expect(storeOf(set)).toMatchObject({ unsentSamples: 0, lostSamples: 0 });
  });

  test('warns again of a second outage', async () => {
    const { set, faults } = await start();
    for (const fault of [refuse, () => undefined, refuse]) {
      faults.fault = fault;
      await set.clock.advance(8_000);
    }
    expect(storeWarnings(set)).toHaveLength(2);
  });
});

test('several features warn once of one outage', async () => {
  const { store, faults } = faultyStore();
  const budgets = [{ name: 'all', per: 'day', limitUsd: 1_000, onExceeded: 'reject' }] as const;
  const set = setUpRollout({}, { store: { ...store, persistent: true }, budgets });
  await set.clock.advance(1_000);
  faults.fault = refuse;
  set.ai.canary.setSegments([{ when: { plan: 'beta' }, upstream: 'gemini' }]);
  await ask(set.ai);
  await set.clock.advance(10_000);
  expect(storeWarnings(set)).toHaveLength(1);
});

test('a frozen store, and one with private fields, are used as they are', async () => {
  class PrivateStore {
    readonly #plain = memoryStore();
    readonly persistent = false;
    read = (key: string) => this.#plain.read(key);
    keys = (prefix: string) => this.#plain.keys(prefix);
    lease = (key: string, holder: string, forMs: number) => this.#plain.lease(key, holder, forMs);
    async write(...args: Parameters<Store['write']>) {
      return this.#plain.write(...args);
    }
    async release(...args: Parameters<Store['release']>) {
      return this.#plain.release(...args);
    }
    async post(...args: Parameters<Store['post']>) {
      return this.#plain.post(...args);
    }
    async messages(...args: Parameters<Store['messages']>) {
      return this.#plain.messages(...args);
    }
    async addBlock(...args: Parameters<Store['addBlock']>) {
      return this.#plain.addBlock(...args);
    }
    async blocks(...args: Parameters<Store['blocks']>) {
      return this.#plain.blocks(...args);
    }
    async dropBlocks(...args: Parameters<Store['dropBlocks']>) {
      return this.#plain.dropBlocks(...args);
    }
  }
  const store = Object.freeze(new PrivateStore());
  const set = setUpRollout({}, { store });
  await set.clock.advance(6_000);
  expect(storeOf(set)).toMatchObject({ state: 'connected', leads: ['gemini'] });
  expect(await store.keys('rollout:')).toEqual(['rollout:gemini']);
});
