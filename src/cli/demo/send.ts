/** The application: it makes a call per arrival. Nothing here depends on the rollout. */

import { setTimeout as wait } from 'node:timers/promises';
import { route, type CanaryClient } from '../../index.ts';
import type { DemoArrival } from './arrivals.ts';
import type { Tally } from './tally.ts';

const USERS = 500;
/** The limit of calls in flight, so that a small machine is not overloaded. Further calls wait. */
const MAX_IN_FLIGHT = 100;

/** Sends every arrival at its time, and starts over after the last one, until `signal` aborts. */
export async function sendArrivals(
  ai: CanaryClient,
  arrivals: readonly DemoArrival[],
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  const roundMs = arrivals.at(-1)?.afterMs ?? 0;
  const inFlight = new Set<Promise<void>>();
  for (let index = 0; !signal.aborted; index += 1) {
    const arrival = arrivals[index % arrivals.length];
    if (!arrival) break;
    const dueMs = arrival.afterMs + Math.floor(index / arrivals.length) * roundMs;
    const earlyMs = startedMs + dueMs - performance.now();
    if (earlyMs > 1) await wait(earlyMs);
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    const sent: Promise<void> = send(ai, arrival, `user-${index % USERS}`, tally).then(
      () => void inFlight.delete(sent),
    );
    inFlight.add(sent);
  }
  await Promise.all(inFlight);
}

async function send(ai: CanaryClient, arrival: DemoArrival, user: string, tally: Tally): Promise<void> {
  const [inputTokens, outputTokens] = [Math.round(arrival.inputTokens), Math.round(arrival.outputTokens)];
  const metadata = { inputTokens: String(inputTokens), outputTokens: String(outputTokens) };
  const messages = [{ role: 'user' as const, content: `A question of ${inputTokens} tokens.` }];
  tally.routed(user, ai.canary.explain({ key: user }).assigned);
  try {
    await ai.chat.completions.create({ model: 'gpt-4.1', messages, metadata }, route({ key: user }));
    tally.served();
  } catch (error) {
    tally.lost(error);
  }
}
