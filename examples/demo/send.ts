/** The application: it makes calls as they arrive, and knows nothing of rollouts. */

import { setTimeout as wait } from 'node:timers/promises';
import { route, type CanaryClient } from '../../src/index.ts';
import type { Arrival } from './arrivals.ts';
import type { Tally } from './tally.ts';

const USERS = 500;
/** What arrives faster than a small machine can serve waits. */
const MOST_AT_ONCE = 100;

/** Sends every arrival in its time, and begins anew after the last one, until `signal` ends it. */
export async function sendArrivals(
  ai: CanaryClient,
  arrivals: readonly Arrival[],
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  const roundMs = arrivals.at(-1)?.afterMs ?? 0;
  const underWay = new Set<Promise<void>>();
  for (let index = 0; !signal.aborted; index += 1) {
    const arrival = arrivals[index % arrivals.length];
    if (!arrival) break;
    const dueMs = arrival.afterMs + Math.floor(index / arrivals.length) * roundMs;
    const earlyMs = startedMs + dueMs - performance.now();
    if (earlyMs > 1) await wait(earlyMs);
    if (underWay.size >= MOST_AT_ONCE) await Promise.race(underWay);
    const sent: Promise<void> = send(ai, arrival, `user-${index % USERS}`, tally).then(
      () => void underWay.delete(sent),
    );
    underWay.add(sent);
  }
  await Promise.all(underWay);
}

async function send(ai: CanaryClient, arrival: Arrival, user: string, tally: Tally): Promise<void> {
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
