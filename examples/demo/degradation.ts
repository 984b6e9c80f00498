/** The main act: a canary that degrades. */

import { setTimeout as wait } from 'node:timers/promises';
import { CanaryClient, route } from '../../src/index.ts';
import { startProvider, type Provider, type ReceivedRequest } from '../../src/testing/index.ts';
import type { Arrival } from './arrivals.ts';
import { openScreen } from './screen.ts';
import { createTally, type Tally } from './tally.ts';
import { printVerdict } from './verdict.ts';

const USERS = 500;
/** The longest that is waited for the rollback once the arrivals have run out. */
const PATIENCE_MS = 15_000;

/** `true` if all went as it should: breaker, fallbacks and rollback seen, no call lost, no user moved without need. */
export async function runDegradation(arrivals: readonly Arrival[]): Promise<boolean> {
  await using stable = await startProvider({ seed: 1, latencyMs: { median: 40, sigma: 0.5 }, usage: sizeOf });
  await using canary = await startProvider({ seed: 2, latencyMs: { median: 25, sigma: 0.5 }, usage: sizeOf });
  await using ai = createClient(stable, canary);
  const tally = createTally(ai);
  const screen = openScreen(ai, tally);
  const script = new Map([
    [0, () => act(ai, screen.say, 'The canary gets 5 % of the users.', 0.05)],
    [0.2, () => act(ai, screen.say, 'All is well: 25 %.', 0.25)],
    [0.5, () => degrade(canary, screen.say)],
  ]);
  await send(ai, arrivals, script, tally);
  screen.close();
  return printVerdict(ai, tally, { stable: stable.requests.length, canary: canary.requests.length });
}

function createClient(stable: Provider, canary: Provider) {
  return new CanaryClient({
    baseURL: stable.url,
    apiKey: 'stable-demo-key',
    canary: {
      upstreams: { deepseek: { baseURL: canary.url, apiKey: 'canary-demo-key', model: 'deepseek-v3.2' } },
      prices: {
        openai: { inputPerMTok: 2, outputPerMTok: 8 },
        deepseek: { inputPerMTok: 0.42, outputPerMTok: 1.2 },
      },
      // Five seconds here stand for five minutes in earnest.
      window: '5s',
      breaker: { window: '2s', openFor: '500ms' },
      retry: { minDelay: '20ms' },
      alerts: [
        {
          name: 'canary errors',
          metric: 'errorRate',
          upstream: 'deepseek',
          above: 0.05,
          minCalls: 50,
          action: 'rollback',
        },
      ],
    },
  });
}

type DemoClient = ReturnType<typeof createClient>;

function act(ai: DemoClient, say: (line: string) => void, line: string, weight: number): void {
  say(line);
  ai.canary.setWeights({ openai: 1 - weight, deepseek: weight });
}

function degrade(canary: Provider, say: (line: string) => void): void {
  say('The canary begins to fail: nine calls in ten.');
  canary.set({
    errorRate: 0.9,
    errorMix: [
      { status: 503, weight: 3 },
      { status: 500, weight: 1 },
    ],
  });
}

/** Sends every arrival in its time; goes on with the same sizes until the rollback has come, within reason. */
async function send(
  ai: DemoClient,
  arrivals: readonly Arrival[],
  script: ReadonlyMap<number, () => void>,
  tally: Tally,
): Promise<void> {
  const startedMs = performance.now();
  const lastMs = arrivals.at(-1)?.afterMs ?? 0;
  const cues = [...script].map(([share, cue]) => ({ index: Math.floor(share * arrivals.length), cue }));
  const calls: Promise<void>[] = [];
  for (let index = 0; ; index += 1) {
    const arrival = arrivals[index % arrivals.length];
    const dueMs = (arrival?.afterMs ?? 0) + Math.floor(index / arrivals.length) * lastMs;
    const over = index >= arrivals.length && (tally.rollback !== undefined || dueMs > lastMs + PATIENCE_MS);
    if (!arrival || over) break;
    for (const { index: at, cue } of cues) if (at === index) cue();
    const earlyMs = startedMs + dueMs - performance.now();
    if (earlyMs > 1) await wait(earlyMs);
    calls.push(call(ai, arrival, `user-${index % USERS}`, tally));
  }
  await Promise.all(calls);
}

async function call(ai: DemoClient, arrival: Arrival, user: string, tally: Tally): Promise<void> {
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

/** The simulated providers bill what the arrival says, so that no megabytes of filler need be sent. */
function sizeOf({ body }: ReceivedRequest) {
  const metadata = (body.metadata ?? {}) as Record<string, string>;
  return { promptTokens: Number(metadata.inputTokens ?? 0), completionTokens: Number(metadata.outputTokens ?? 0) };
}
