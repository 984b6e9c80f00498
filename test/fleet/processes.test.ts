/** A rollout in real processes that share one store: what they agree on, and what is left when one or the store fails. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Provider, startProvider } from '../../src/testing/index.ts';
import { hasRedis, startRedis, type RedisServer } from '../redis/redis-server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { FleetProcesses, KEYS, type Member } from './processes.ts';

const WEIGHTS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
/** Eight processes need a quiet machine, so `CANARY_LONG=1` asks for them. */
const isLong = process.env.CANARY_LONG === '1';
if (!isLong) process.emitWarning('Without CANARY_LONG=1 the tests with eight processes are skipped.');
const PER_SECOND = 10;
/** No test measures time: this only ends tests that hang, also on a busy machine. */
const LIMIT = { timeout: 300_000 };

let stable: Provider;
let canary: Provider;
beforeAll(async () => {
  [stable, canary] = await Promise.all([startProvider(), startProvider()]);
});
afterAll(() => Promise.all([stable.close(), canary.close()]));

/** Looks at all processes again and again: those with one weight must agree on every key, and no process may go back. */
function watchAgreement(fleet: FleetProcesses) {
  const watch = { isOver: false };
  const latest = new Map<Member, number>();
  const watching = (async () => {
    let looks = 0;
    for (; !watch.isOver; looks += 1) {
      const states = await Promise.all(
        fleet.answering.map(async (member) => ({ member, state: await member.stateIfAlive(KEYS) })),
      );
      const seen = states.flatMap(({ member, state }) => (state ? [{ member, ...state }] : []));
      for (const { member, step, canaryKeys } of seen) {
        expect(canaryKeys).toEqual(seen.find((other) => other.step === step)!.canaryKeys);
        expect(step).toBeGreaterThanOrEqual(latest.get(member) ?? -1);
        latest.set(member, step);
      }
      await wait(20);
    }
    return looks;
  })();
  // It is awaited at the end, and not where something else fails first.
  watching.catch(() => undefined);
  return async (): Promise<number> => {
    watch.isOver = true;
    return watching;
  };
}

/** Lets every process call for a while, and lets `meanwhile` happen. */
async function underTraffic(fleet: FleetProcesses, meanwhile: () => Promise<unknown>): Promise<void> {
  const agreed = watchAgreement(fleet);
  await fleet.drive(PER_SECOND);
  await wait(300);
  await meanwhile();
  await wait(300);
  for (const { failed } of await fleet.rest()) expect(failed).toBe(0);
  expect(await agreed()).toBeGreaterThan(1);
}

/** Every call of the canary is one sample, no more and no less, as soon as the leader has those of all. */
async function allCounted(fleet: FleetProcesses): Promise<void> {
  const sent = canary.requests.length;
  expect(sent).toBeGreaterThan(0);
  await fleet.until(`${sent} samples`, async () => (await (await fleet.leader()).state()).callsExposed >= sent);
  // Blocks that are on their way twice would arrive by now.
  await wait(1_500);
  expect((await (await fleet.leader()).state()).callsExposed).toBe(sent);
}

/** A process that follows asks for the next step; the one that leads carries it out. */
async function stepUp(fleet: FleetProcesses): Promise<number> {
  const follower = await fleet.follower();
  const { step } = await follower.state();
  await follower.ask({ verb: 'promote' });
  return step + 1;
}

describe.skipIf(!hasRedis || !isLong)('eight processes on one Redis', LIMIT, () => {
  let server: RedisServer;
  let network: TcpProxy;
  let fleet: FleetProcesses;

  beforeAll(async () => {
    server = await startRedis();
    network = await startTcpProxy(server.port);
    const urls = { stable: stable.url, canary: canary.url, weights: WEIGHTS };
    const direct = { ...urls, store: { kind: 'redis' as const, url: server.url } };
    const proxied = { ...urls, store: { kind: 'redis' as const, url: `redis://127.0.0.1:${network.port}` } };
    fleet = await FleetProcesses.start([proxied, ...Array.from({ length: 7 }, () => direct)]);
    await fleet.inStep(0);
  }, LIMIT.timeout);
  afterAll(async () => {
    server.thaw();
    await fleet[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await server.stop();
  });

  test('step up together under traffic, agree on every key at every moment, and count every call once', async () => {
    await underTraffic(fleet, async () => {
      expect(await fleet.leaders()).toHaveLength(1);
      await fleet.inStep(await stepUp(fleet));
    });
    await allCounted(fleet);
  });

  test('a process whose network is cut keeps its weights, answers, and catches up with nothing lost', async () => {
    const [cut] = fleet.members;
    if ((await fleet.leader()) === cut) await handOver(cut);
    const before = await cut!.state(KEYS);
    await underTraffic(fleet, async () => {
      network.set({ kind: 'cut' });
      const step = await stepUp(fleet);
      await fleet.until(
        'a step without it',
        async () => (await fleet.states()).filter((one) => one.step === step).length === 7,
      );
      const after = await cut!.state(KEYS);
      expect(after.canaryKeys).toEqual(before.canaryKeys);
      expect(after.calls.made).toBeGreaterThan(before.calls.made);
      network.set({ kind: 'pass' });
      await fleet.inStep(step);
    });
    await allCounted(fleet);
  });

  test('a Redis that is frozen delays no call, and nothing is lost', async () => {
    await underTraffic(fleet, async () => {
      server.freeze();
      const before = await fleet.states();
      await wait(10_000);
      const states = await fleet.states();
      for (const [index, { calls }] of states.entries()) {
        expect(calls.answered).toBeGreaterThan(before[index]!.calls.answered);
      }
      expect(states.every(({ store }) => store.state !== 'connected')).toBe(true);
      expect(states.reduce((sum, { store }) => sum + store.unsentSamples, 0)).toBeGreaterThan(0);
      server.thaw();
      await fleet.until('all connected', async () =>
        (await fleet.states()).every(({ store }) => store.state === 'connected'),
      );
    });
    await allCounted(fleet);
  });

  test('a leader that is stopped beyond its lease is replaced, and moves nothing when it goes on', async () => {
    const old = await fleet.leader();
    await underTraffic(fleet, async () => {
      // In flight at its provider is nothing that could end while it stands still.
      await old.rest();
      old.stop();
      expect(await fleet.leader()).not.toBe(old);
      const step = await stepUp(fleet);
      await fleet.inStep(step);
      old.goOn();
      await fleet.until('the old one follows', async () => (await fleet.leaders()).every((one) => one !== old));
    });
    await allCounted(fleet);
  });

  test('of two leaders, one with a clock that stands still, only the one with the newer lease moves the rollout', async () => {
    const old = await fleet.leader();
    await old.ask({ verb: 'freezeClock', isFrozen: true });
    await fleet.until('two leaders', async () => (await fleet.leaders()).length === 2);
    const newer = (await fleet.leaders()).find((one) => one !== old)!;
    const { step } = await newer.state();
    await old.ask({ verb: 'promote' });
    // Its write is refused, and so it learns that it does not lead.
    await fleet.until('one leader', async () => (await fleet.leaders()).length === 1);
    expect(await fleet.leader()).toBe(newer);
    await old.ask({ verb: 'freezeClock', isFrozen: false });
    for (const state of await fleet.states()) expect(state.step).toBe(step);
    await allCounted(fleet);
  });

  test.each(['beforeWrite', 'afterWrite'] as const)(
    'a leader that is killed in the middle of a decision (%s) is followed by another, with all that was counted',
    async (moment) => {
      const old = await fleet.leader();
      const { step } = await old.state();
      await old.ask({ verb: 'dieAt', moment });
      await underTraffic(fleet, async () => {
        // Its own calls are in the store, so that none is lost with it.
        await old.rest();
        await wait(6_000);
        await (await fleet.follower()).ask({ verb: 'promote' });
        await fleet.until('its end', async () => !old.isAlive);
        await fleet.leader();
        // A command that died with its leader is still in the store: the next one carries it out.
        await fleet.inStep(step + 1);
      });
      expect(await fleet.leader()).not.toBe(old);
      await allCounted(fleet);
      // Once.
      await fleet.inStep(step + 1);
    },
  );

  test('a rollback of one process reaches all, and the canary gets no more calls', async () => {
    await (await fleet.follower()).ask({ verb: 'rollback' });
    await fleet.until('a rollback in all', async () =>
      (await fleet.states()).every(({ phase }) => phase === 'rolledBack'),
    );
    const sent = canary.requests.length;
    await fleet.drive(PER_SECOND);
    await wait(500);
    await fleet.rest();
    expect(canary.requests.length).toBe(sent);
  });

  /** Stops a leader until another process leads. */
  async function handOver(leader: Member): Promise<void> {
    leader.stop();
    await fleet.leader();
    leader.goOn();
    await fleet.leader();
  }
});

describe.runIf(isLong)('eight processes on one file', LIMIT, () => {
  let folder: string;
  let fleet: FleetProcesses;

  beforeAll(async () => {
    canary.clear();
    folder = await mkdtemp(join(tmpdir(), 'canary-fleet-'));
    const store = { kind: 'file' as const, path: join(folder, 'store.json') };
    const config = { stable: stable.url, canary: canary.url, weights: WEIGHTS, store };
    fleet = await FleetProcesses.start(Array.from({ length: 8 }, () => config));
    await fleet.inStep(0);
  }, LIMIT.timeout);
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('step up together under traffic, agree on every key at every moment, and count every call once', async () => {
    await underTraffic(fleet, async () => {
      expect(await fleet.leaders()).toHaveLength(1);
      await fleet.inStep(await stepUp(fleet));
    });
    await allCounted(fleet);
  });

  // The lease of a file lasts ten seconds.
  test('a leader that is killed in the middle of a decision is followed by another', async () => {
    const old = await fleet.leader();
    const { step } = await old.state();
    await old.ask({ verb: 'dieAt', moment: 'beforeWrite' });
    await wait(6_000);
    await (await fleet.follower()).ask({ verb: 'promote' });
    await fleet.until('its end', async () => !old.isAlive);
    expect(await fleet.leader()).not.toBe(old);
    await fleet.inStep(step + 1);
    await allCounted(fleet);
    await fleet.inStep(step + 1);
  });
});
