/** Sends a trace through a client with simulated time and providers, and records the client's decisions. */

import { type CanaryClient, route } from '../../index.ts';
import { type ManualClock, seededRandom } from '../../testing/index.ts';
import { threeDigits } from '../../domain/format.ts';
import { createClient } from '../create-client.ts';
import type { LoadedConfig } from '../load-config.ts';
import { simulatedConfig } from '../simulated-config.ts';
import { type SimulatedBehaviour, simulatedProvider, sizedMessage } from './simulated-provider.ts';
import type { Arrival } from './trace.ts';

export interface SimulationInput {
  readonly config: LoadedConfig;
  readonly trace: readonly Arrival[];
  readonly behaviours: ReadonlyMap<string, SimulatedBehaviour>;
  readonly clock: ManualClock;
  /** Repeats the trace until this time has passed; `undefined`: the trace runs once. */
  readonly forMs: number | undefined;
  readonly model: string;
  readonly users: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Called from time to time with the share done, 0–1. */
  readonly onProgress: (share: number) => void;
}

/** A decision of the client: an alert, a change of a breaker, or a step of a rollout. */
export interface Decision {
  /** Since the start of the simulation. */
  readonly afterMs: number;
  readonly event: string;
  readonly text: string;
}

/** The result of a simulation. */
export interface Simulated {
  readonly ai: CanaryClient;
  readonly calls: number;
  readonly lost: number;
  readonly tookMs: number;
  /** In order of time. */
  readonly decisions: readonly Decision[];
}

export async function runSimulation(input: SimulationInput): Promise<Simulated> {
  const { clock, trace, signal } = input;
  const startMs = clock.now();
  const ai = simulatedClient(input);
  const decisions = watchDecisions(ai, startMs);
  const lastMs = (trace.at(-1)?.afterMs ?? 0) + 1;
  const endMs = input.forMs ?? lastMs;
  const counts = { calls: 0, lost: 0 };
  const inFlight = new Set<Promise<void>>();
  for (let index = 0; !signal.aborted; index += 1) {
    const arrival = trace[index % trace.length];
    const dueMs = (arrival?.afterMs ?? 0) + Math.floor(index / trace.length) * lastMs;
    if (!arrival || dueMs > endMs || (input.forMs === undefined && index >= trace.length)) break;
    await clock.advance(Math.max(0, startMs + dueMs - clock.now()));
    const calling = callOnce(ai, arrival, index, input, counts).finally(() => inFlight.delete(calling));
    inFlight.add(calling);
    if (index % 100 === 0) input.onProgress(dueMs / endMs);
  }
  while (inFlight.size > 0) await clock.advance(1_000);
  const tookMs = clock.now() - startMs;
  return { ai, ...counts, tookMs, decisions };
}

function simulatedClient({ config, behaviours, clock, seed }: SimulationInput): CanaryClient {
  const random = seededRandom(seed);
  const fetches = new Map(
    [...behaviours].map(([name, behaviour]) => [name, simulatedProvider(behaviour, clock, random)]),
  );
  const { canary, ...client } = simulatedConfig(config.options, (name) => fetches.get(name) ?? fetch);
  return createClient(config, { ...client, canary: { ...canary, clock, random: seededRandom(seed + 1) } });
}

async function callOnce(
  ai: CanaryClient,
  { inputTokens, outputTokens, user }: Arrival,
  index: number,
  { users, model }: SimulationInput,
  counts: { calls: number; lost: number },
): Promise<void> {
  counts.calls += 1;
  const messages = [{ role: 'user' as const, content: sizedMessage(inputTokens, outputTokens) }];
  try {
    await ai.chat.completions.create({ model, messages }, route({ key: user ?? `user-${index % users}` }));
  } catch {
    counts.lost += 1;
  }
}

/** Collects alerts, breaker changes and rollout decisions. */
function watchDecisions(ai: CanaryClient, startMs: number): readonly Decision[] {
  const decisions: Decision[] = [];
  const note = (event: string, atMs: number, text: string): void => {
    decisions.push({ afterMs: atMs - startMs, event, text });
  };
  ai.canary.on('alert', ({ name, state, value, atMs }) =>
    note('alert', atMs, `${name} is ${state} at ${value === null ? '–' : threeDigits(value)}`),
  );
  // A breaker that stays open longer emits an event, too.
  ai.canary.on('breaker', ({ upstream, from, to, atMs }) => {
    if (from !== to) note('breaker', atMs, `${upstream} is ${to}`);
  });
  for (const event of ['step', 'pause', 'promote', 'rollback'] as const) {
    ai.canary.on(event, ({ upstream, reason, atMs }) => note(event, atMs, `${upstream}: ${reason}`));
  }
  return decisions;
}
