/** Several clients that share a Redis: what they tell each other, and what they do when it fails. */

import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { route, type Store } from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { ask } from '../support/calls.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';
import { hasRedis, startRedis, type RedisServer } from './redis-server.ts';

const clientOf = (url: string) => createClient({ url, socket: { reconnectStrategy: () => 20 } });
type Client = ReturnType<typeof clientOf>;
const ROLLOUT = { steps: [{ weight: 0.2, hold: '1d' }, { weight: 0.5, hold: '1d' }, { weight: 1 }] } as const;

describe.skipIf(!hasRedis)('a fleet on Redis', () => {
  let server: RedisServer;
  const clients: Client[] = [];
  const members: SetUp[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => void (await (await newAdmin()).sendCommand(['FLUSHALL'])));
  afterEach(async () => {
    server.thaw();
    await Promise.all(members.splice(0).map(({ ai }) => ai.canary.close()));
    for (const client of clients.splice(0)) client.destroy();
  });
  afterAll(() => server.stop());

  async function connect(): Promise<Client> {
    // Without a listener for errors: a lost connection must not end the process.
    const client = clientOf(server.url);
    await client.connect();
    clients.push(client);
    return client;
  }

  const newStore = async (): Promise<Store> => redisStore(await connect());
  const newAdmin = async (): Promise<Client> => (await connect()).on('error', () => undefined);

  async function start(): Promise<SetUp> {
    const member = setUpRollout(ROLLOUT, { store: await newStore() });
    members.push(member);
    await until(() => isReady(member), member);
    return member;
  }

  /** Waits, and lets the clocks of `moving` members advance, until `isDone`. */
  async function until(isDone: () => boolean | Promise<boolean>, ...moving: readonly SetUp[]): Promise<void> {
    for (let looks = 0; !(await isDone()); looks++) {
      if (looks > 1_000) throw new Error(`Still not: ${String(isDone)}`);
      for (const { clock } of moving) await clock.advance(100);
      await wait(10);
    }
  }

  /** Resolves when every member listens to changes. */
  async function listening(count: number): Promise<void> {
    const client = clients[0]!;
    const subscribers = async () => (await client.sendCommand<string[]>(['PUBSUB', 'NUMSUB', '{canary}:changes']))[1];
    await until(async () => Number(await subscribers()) === count);
  }

  describe('without polling', () => {
    test('a rollback of the leader reaches the others', async () => {
      const [leader, other] = [await start(), await start()];
      await listening(2);
      leader.ai.canary.rollout.rollback('on call');
      await until(() => stateOf(other).phase === 'rolledBack');
      expect(other.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
      expect(other.events.of('rollback')).toMatchObject([{ reason: 'on call' }]);
    });

    test('a rollback of another process reaches the leader, and is written', async () => {
      const [leader, other] = [await start(), await start()];
      await listening(2);
      other.ai.canary.rollout.rollback('on call');
      expect(other.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
      await until(() => stateOf(leader).phase === 'rolledBack');
      const store = await newStore();
      await until(async () => JSON.stringify(await store.read('rollout:gemini')).includes('rolledBack'));
      expect(leader.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
    });

    test('the kill switch in the store sends the calls of all to stable, until it is off', async () => {
      const [one, other] = [await start(), await start()];
      await listening(2);
      const store = await newStore();
      const reasons = () => [one, other].map(({ ai }) => ai.canary.explain({ key: 'a' }).reason);
      await store.write('disabled', true, 0);
      await until(() => reasons().every((reason) => reason === 'disabled'));
      await ask(one.ai, route({ upstream: 'gemini' }));
      expect(one.providers.asked).toEqual(['openai']);
      await store.write('disabled', false, 0);
      await until(() => reasons().every((reason) => reason !== 'disabled'));
      await ask(one.ai, route({ upstream: 'gemini' }));
      expect(one.providers.asked).toEqual(['openai', 'gemini']);
      expect(one.events.of('warning').map(({ message }) => message)).toEqual([
        expect.stringMatching(/^The kill switch in the store is on since .*: calls go to stable$/),
        expect.stringMatching(/^The kill switch in the store is off since .*: calls are routed$/),
      ]);
    });
  });

  describe('the leader', () => {
    test('that stops is followed by another one, which keeps the step', async () => {
      const [leader, other] = [await start(), await start()];
      leader.ai.canary.rollout.promote();
      await until(() => stateOf(leader).step === 1);
      await until(() => stateOf(other).step === 1, other);
      // The leader does not run any more: its clock stands still.
      other.ai.canary.rollout.promote();
      await until(() => stateOf(other).step === 2 || stateOf(other).phase === 'promoted', other);
      expect(stateOf(other).phase).not.toBe('rolledBack');
    });

    test('that was replaced while it stood still takes over what was decided, and overwrites nothing', async () => {
      const [leader, other] = [await start(), await start()];
      const store = await newStore();
      await until(async () => (await store.lease('rollout:gemini', 'observer', 1)) !== undefined);
      await store.release('rollout:gemini', 'observer');
      other.ai.canary.rollout.pause('by the new leader');
      await until(() => stateOf(other).phase === 'paused', other);
      await until(() => stateOf(leader).phase === 'paused', leader);
      await leader.clock.advance(10_000);
      expect(await store.read('rollout:gemini')).toMatchObject({ memory: { state: { phase: 'paused' } } });
      expect(leader.events.of('pause')).toMatchObject([{ reason: 'by the new leader' }]);
    });
  });

  describe('a Redis that was restarted empty', () => {
    test('is filled with the step in force, not with the first one', async () => {
      const [leader, other] = [await start(), await start()];
      leader.ai.canary.rollout.promote();
      await until(() => stateOf(leader).step === 1);
      await until(() => stateOf(other).step === 1, other);
      await server.restart();
      const store = await newStore();
      await until(async () => (await store.read('rollout:gemini')) !== undefined, leader, other);
      await until(() => isReady(other), leader, other);
      for (const member of [leader, other]) {
        expect(stateOf(member)).toMatchObject({ phase: 'progressing', step: 1 });
        expect(member.ai.canary.weights).toEqual({ openai: 0.5, gemini: 0.5 });
      }
      expect(await store.read('rollout:gemini')).toMatchObject({ memory: { state: { step: 1 } } });
    });

    test('is filled by a process that has followed, if the leader is gone', async () => {
      const [leader, other] = [await start(), await start()];
      leader.ai.canary.rollout.promote();
      await until(() => stateOf(leader).step === 1);
      await until(() => stateOf(other).step === 1, other);
      await server.restart();
      const store = await newStore();
      await until(async () => (await store.read('rollout:gemini')) !== undefined, other);
      expect(stateOf(other)).toMatchObject({ phase: 'progressing', step: 1 });
      expect(await store.read('rollout:gemini')).toMatchObject({ memory: { state: { step: 1 } } });
    });

    test('gets the weights and the kill switch that were in force', async () => {
      const [one, other] = [await start(), await start()];
      const store = await newStore();
      one.ai.canary.setSegments([{ when: { plan: 'beta' }, upstream: 'gemini' }]);
      await store.write('disabled', true, 0);
      await until(() => other.ai.canary.explain({ key: 'a' }).reason === 'disabled', one, other);
      await until(async () => (await store.read('segments')) !== undefined, one, other);
      const before = await store.read('segments');
      await server.restart();
      await until(async () => (await store.read('segments').catch(() => undefined)) !== undefined, one, other);
      await until(async () => (await store.read('disabled')) === true, one, other);
      expect(await store.read('segments')).toEqual(before);
      expect(one.ai.canary.explain({ key: 'a' }).reason).toBe('disabled');
    });
  });

  describe('calls are answered, one warning is given, and what was counted arrives later, with a Redis that', () => {
    const FAULTS: readonly (readonly [string, (admin: Client) => unknown, (admin: Client) => unknown])[] = [
      ['is frozen', () => server.freeze(), () => server.thaw()],
      ['is stopped', () => server.stop(), () => server.restart()],
      [
        'is full',
        (admin) => admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '1']),
        (admin) => admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']),
      ],
      [
        'is read-only',
        (admin) => admin.sendCommand(['REPLICAOF', '127.0.0.1', '1']),
        (admin) => admin.sendCommand(['REPLICAOF', 'NO', 'ONE']),
      ],
    ];

    test.each(FAULTS)('%s', async (_name, begin, end) => {
      const [leader, other] = [await start(), await start()];
      const admin = await newAdmin();
      await begin(admin);
      const upstreams = { openai: 0, gemini: 0 };
      await driver(other)({ calls: 100, perSecond: 10 });
      for (const name of other.providers.asked) upstreams[name as 'openai'] += 1;
      // The split of the last known weights stands.
      expect(upstreams.openai + upstreams.gemini).toBe(100);
      expect(upstreams.gemini).toBeGreaterThan(5);
      await until(() => other.events.of('warning').length > 0, leader, other);
      await until(() => leader.events.of('warning').length > 0, leader, other);
      await end(admin);
      await until(() => countOf(leader) === 100 || countOf(other) === 100, leader, other);
      for (const { events } of [leader, other]) {
        expect(events.of('warning').filter(({ code }) => code === 'store')).toHaveLength(1);
      }
    });
  });

  test('a canary that fails in one process is rolled back in all', async () => {
    const [leader, other] = [await start(), await start()];
    failAt(other, { gemini: 1 });
    const drive = driver(other);
    while (stateOf(other).phase !== 'rolledBack') {
      await drive({ calls: 20, perSecond: 20 });
      await leader.clock.advance(1_000);
      await wait(20);
    }
    await until(() => stateOf(leader).phase === 'rolledBack', leader);
    expect(leader.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  });
});

const stateOf = ({ ai }: SetUp) => ai.canary.rollout.state;

/** Whether the store has answered. */
const isReady = (member: SetUp): boolean => !JSON.stringify(stateOf(member).waitsFor).includes('starting');

/** The calls that a process knows of: as the leader, those of all. */
function countOf(member: SetUp): number {
  const { canary, stable } = member.ai.canary.rollout.state;
  return canary.calls + stable.calls;
}
