/** The main act: a canary that rises by evidence, begins to fail, and is taken back by evidence. */

import { setTimeout as wait } from 'node:timers/promises';
import { CanaryClient } from '../../src/index.ts';
import { startProvider, type Provider, type ReceivedRequest } from '../../src/testing/index.ts';
import type { Arrival } from './arrivals.ts';
import { openScreen } from './screen.ts';
import { sendArrivals } from './send.ts';
import { createTally } from './tally.ts';
import { printVerdict } from './verdict.ts';

/** The step at which the canary begins to fail, and how long after it has begun. */
const FAILS_AT = { step: 2, afterMs: 1_500 };
/** Calls go on for so long after the rollback. */
const AFTERMATH_MS = 1_500;
/** A demo that has seen no rollback by then has failed; on an idle machine it takes ten seconds. */
const PATIENCE_MS = 45_000;

/** `true` if all went as it should: steps and rollback seen, no call lost, no user moved without need. */
export async function runRollout(arrivals: readonly Arrival[]): Promise<boolean> {
  await using stable = await startProvider({ seed: 1, latencyMs: { median: 40, sigma: 0.5 }, usage: sizeOf });
  await using canary = await startProvider({ seed: 2, latencyMs: { median: 25, sigma: 0.5 }, usage: sizeOf });
  await using ai = createClient(stable, canary);
  const tally = createTally(ai);
  const screen = openScreen(ai, tally);
  const curtain = new AbortController();
  setTimeout(() => curtain.abort(), PATIENCE_MS).unref();
  ai.canary.on('step', async ({ step }) => {
    if (step !== FAILS_AT.step) return;
    await wait(FAILS_AT.afterMs);
    screen.say('The canary begins to fail: three calls in ten.');
    degrade(canary);
    tally.degraded();
  });
  ai.canary.on('rollback', async () => {
    await wait(AFTERMATH_MS);
    curtain.abort();
  });
  screen.say('The canary gets copies of 10 % of the calls; nobody sees its answers.');
  await sendArrivals(ai, arrivals, tally, curtain.signal);
  screen.close();
  return printVerdict(ai, tally, { stable: stable.requests.length, canary: canary.requests.length });
}

function createClient(stable: Provider, canary: Provider) {
  return new CanaryClient({
    baseURL: stable.url,
    apiKey: 'stable-demo-key',
    canary: {
      upstreams: { deepseek: { baseURL: canary.url, apiKey: 'canary-demo-key', model: 'deepseek-v3.2' } },
      // A second here stands for an hour in earnest; margins are wide, for so few calls can prove no narrower ones.
      rollout: {
        to: 'deepseek',
        steps: [
          { shadow: 0.1, hold: '1s' },
          { weight: 0.1, hold: '2s' },
          { weight: 0.25, hold: '4s' },
          { weight: 0.5, hold: '4s' },
          { weight: 1, hold: '4s' },
        ],
        guardrails: { errorRate: { margin: 0.05 }, latencyP50: { margin: 0.2 }, costPerCall: { margin: 0 } },
      },
      prices: {
        openai: { inputPerMTok: 2, outputPerMTok: 8 },
        deepseek: { inputPerMTok: 0.42, outputPerMTok: 1.2 },
      },
      window: '5s',
      breaker: { window: '2s', openFor: '500ms' },
      retry: { minDelay: '20ms' },
      // It would warn that there is no store: a restart of the demo begins anew.
      logger: { warn: () => undefined },
    },
  });
}

function degrade(canary: Provider): void {
  canary.set({
    errorRate: 0.3,
    errorMix: [
      { status: 503, weight: 3 },
      { status: 500, weight: 1 },
    ],
  });
}

/** The simulated providers bill what the arrival says, so that no megabytes of filler need be sent. */
function sizeOf({ body }: ReceivedRequest) {
  const metadata = (body.metadata ?? {}) as Record<string, string>;
  return { promptTokens: Number(metadata.inputTokens ?? 0), completionTokens: Number(metadata.outputTokens ?? 0) };
}
