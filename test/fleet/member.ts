/**
 * One process of a fleet under test: a client with a rollout in a shared store, which carries out what the test asks for by message.
 * Node runs it from source.
 */

import { createClient } from '@redis/client';
import { CanaryClient, fileStore, route, type Clock, type Store } from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';

/** What a member is started with. */
export interface MemberConfig {
  readonly store: { readonly kind: 'redis'; readonly url: string } | { readonly kind: 'file'; readonly path: string };
  /** The base URLs of the providers. */
  readonly stable: string;
  readonly canary: string;
  /** The weights of the steps; each holds until it is promoted. */
  readonly weights: readonly number[];
  /** Changes are seen by polling alone, as if every message were lost. @default false */
  readonly pollsOnly?: boolean;
}

/** What a member says of itself. */
export type MemberState = ReturnType<typeof stateOf>;

/** The calls that a member has made. */
export interface MemberCalls {
  readonly made: number;
  readonly answered: number;
  readonly failed: number;
  /** Latencies since the traffic began, in ms; 0 without calls. */
  readonly medianMs: number;
  readonly p99Ms: number;
}

export type MemberRequest =
  | { readonly verb: 'state'; readonly keys: readonly string[] }
  | { readonly verb: 'drive'; readonly perSecond: number }
  /** Ends the traffic, and answers when no call is in flight. */
  | { readonly verb: 'rest' }
  | { readonly verb: 'promote' }
  /** Answers with the time. */
  | { readonly verb: 'rollback' }
  | { readonly verb: 'retry' }
  /** Kills the process within its next decision: before the store is asked to write it, or once it is written. */
  | { readonly verb: 'dieAt'; readonly moment: 'beforeWrite' | 'afterWrite' }
  /** The clock of the process stands still, so that it never learns that its lease has ended. */
  | { readonly verb: 'freezeClock'; readonly isFrozen: boolean }
  | { readonly verb: 'close' };

const config = JSON.parse(process.argv[2] ?? '') as MemberConfig;
const calls = { made: 0, answered: 0, failed: 0 };
let latenciesMs: number[] = [];
const inFlight = new Set<Promise<unknown>>();
let frozenAtMs: number | undefined;
let rolledBackAtMs = 0;
let diesAt: 'beforeWrite' | 'afterWrite' | undefined;
let traffic: NodeJS.Timeout | undefined;

const clock: Clock = {
  now: () => frozenAtMs ?? nowMs(),
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
const ai = new CanaryClient<string, string>({
  apiKey: 'test',
  baseURL: config.stable,
  maxRetries: 0,
  canary: {
    clock,
    logger: { warn: () => undefined },
    breaker: false,
    upstreams: { next: { baseURL: config.canary, apiKey: 'test' } },
    prices: { openai: { inputPerMTok: 1, outputPerMTok: 1 }, next: { inputPerMTok: 1, outputPerMTok: 1 } },
    rollout: {
      to: 'next',
      steps: [...config.weights.map((weight) => ({ weight, hold: '1d' as const })), { weight: 1 }],
    },
    store: mortal(await openStore()),
  },
});

ai.canary.on('rollback', () => void (rolledBackAtMs = nowMs()));

/** The same in all processes of a machine. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

async function openStore(): Promise<Store> {
  if (config.store.kind === 'file') return fileStore(config.store.path);
  const redis = createClient({ url: config.store.url, socket: { reconnectStrategy: () => 50 } });
  await redis.on('error', () => undefined).connect();
  return redisStore(redis);
}

/** Kills the process at the moment of a decision that the test has chosen. */
function mortal(store: Store): Store {
  let written: unknown;
  const write: Store['write'] = async (key, value, fence) => {
    const { step } = (value as { memory?: { state?: { step?: number } } }).memory?.state ?? {};
    const isDecision = step !== undefined && written !== undefined && step !== written;
    if (isDecision && diesAt === 'beforeWrite') process.kill(process.pid, 'SIGKILL');
    const result = await store.write(key, value, fence);
    if (isDecision && diesAt === 'afterWrite') process.kill(process.pid, 'SIGKILL');
    if (step !== undefined) written = step;
    return result;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'subscribe' && config.pollsOnly) return undefined;
      const value: unknown = name === 'write' ? write : Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

function stateOf(keys: readonly string[]) {
  const { phase, samples, callsExposed } = ai.canary.rollout.state;
  const { next: weight = 0 } = ai.canary.weights;
  return {
    /** The step by the weight that is in force, -1 for none. */
    step: config.weights.findIndex((one) => Math.abs(one - weight) < 1e-9),
    phase,
    samples,
    callsExposed,
    store: ai.canary.snapshot().store!,
    /** When the last rollback took effect here, in ms since the Unix epoch. */
    rolledBackAtMs,
    canaryKeys: keys.filter((key) => ai.canary.explain({ key }).assigned === 'next'),
    calls: { ...calls },
  };
}

function call(): void {
  calls.made += 1;
  const startMs = performance.now();
  const key = `${process.pid}-${calls.made}`;
  const messages = [{ role: 'user' as const, content: 'Hello?' }];
  const answered = (): void => {
    calls.answered += 1;
    latenciesMs.push(performance.now() - startMs);
  };
  const failed = (): void => void (calls.failed += 1);
  const answer = ai.chat.completions.create({ model: 'gpt', messages }, route({ key })).then(answered, failed);
  inFlight.add(answer);
  void answer.finally(() => inFlight.delete(answer));
}

function quantileOf(share: number): number {
  const sorted = latenciesMs.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

async function carryOut(request: MemberRequest): Promise<unknown> {
  switch (request.verb) {
    case 'state':
      return stateOf(request.keys);
    case 'drive':
      clearInterval(traffic);
      latenciesMs = [];
      traffic = setInterval(call, 1_000 / request.perSecond);
      return undefined;
    case 'rest':
      clearInterval(traffic);
      await Promise.all(inFlight);
      return { ...calls, medianMs: quantileOf(0.5), p99Ms: quantileOf(0.99) } satisfies MemberCalls;
    case 'promote':
      return ai.canary.rollout.promote();
    case 'rollback':
      ai.canary.rollout.rollback('by the test');
      return nowMs();
    case 'retry':
      return ai.canary.rollout.retry();
    case 'dieAt':
      return void (diesAt = request.moment);
    case 'freezeClock':
      return void (frozenAtMs = request.isFrozen ? clock.now() : undefined);
    case 'close':
      return ai.canary.close();
    default:
      return request satisfies never;
  }
}

// The test has ended, or was killed.
process.on('disconnect', () => process.exit());
process.on('message', ({ id, request }: { id: number; request: MemberRequest }) => {
  carryOut(request).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.send?.({ id: 0 });
