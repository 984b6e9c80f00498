/** The rollout of the demo: the canary advances on evidence, starts to fail, and is rolled back on evidence. */

import { setTimeout as wait } from 'node:timers/promises';
import { once } from 'node:events';
import { CanaryClient } from '../../index.ts';
import { createDashboard } from '../../dashboard/index.ts';
import { startProvider, type Provider, type ReceivedRequest } from '../../testing/index.ts';
import type { CommandContext } from '../command.ts';
import { servePage } from '../serve-page.ts';
import type { DemoArrival } from './arrivals.ts';
import { openScreen } from './screen.ts';
import { sendArrivals } from './send.ts';
import { createTally } from './tally.ts';
import { printVerdict } from './verdict.ts';

/** The canary starts to fail this long after the start of this step. */
const FAILS_AT = { step: 2, afterMs: 1_500 };
/** Calls continue for this long after the rollback. */
const AFTER_ROLLBACK_MS = 1_500;
/** The demo fails if there is no rollback by then. On an idle machine the rollback comes after about ten seconds. */
const TIMEOUT_MS = 45_000;
/** A free port of this machine. */
const PAGE_PORT = 0;

/**
 * Resolves to `true` if the canary advanced and was rolled back, no call was lost, and no user moved without a change
 * of weights.
 */
export async function runRollout(
  arrivals: readonly DemoArrival[],
  { terminal, signal }: CommandContext,
  hasPage = false,
): Promise<boolean> {
  await using stable = await startProvider({ seed: 1, latencyMs: { median: 40, sigma: 0.5 }, usage: sizeOf });
  await using canary = await startProvider({ seed: 2, latencyMs: { median: 25, sigma: 0.5 }, usage: sizeOf });
  await using ai = createClient(stable, canary);
  await using page = hasPage ? await servePage(createDashboard(ai), PAGE_PORT) : undefined;
  if (page) terminal.out(`The live page: ${page.url}`);
  const tally = createTally(ai, terminal);
  const screen = openScreen(ai, tally, terminal);
  const ended = new AbortController();
  setTimeout(() => ended.abort(), TIMEOUT_MS).unref();
  ai.canary.on('step', async ({ step }) => {
    if (step !== FAILS_AT.step) return;
    await wait(FAILS_AT.afterMs);
    screen.say('The canary starts to fail: half of its answers are errors.');
    degrade(canary);
    tally.degraded();
  });
  ai.canary.on('rollback', async () => {
    await wait(AFTER_ROLLBACK_MS);
    ended.abort();
  });
  screen.say('The canary gets copies of 30 % of the calls; its answers are dropped.');
  await sendArrivals(ai, arrivals, tally, AbortSignal.any([ended.signal, signal]));
  screen.close();
  if (signal.aborted) return false;
  const kept = printVerdict(ai, tally, terminal, { stable: stable.requests.length, canary: canary.requests.length });
  if (page) {
    terminal.out(`The live page stays open until Ctrl-C: ${page.url}`);
    if (!signal.aborted) await once(signal, 'abort');
  }
  return kept;
}

function createClient(stable: Provider, canary: Provider) {
  return new CanaryClient({
    baseURL: stable.url,
    apiKey: 'stable-demo-key',
    canary: {
      upstreams: { deepseek: { baseURL: canary.url, apiKey: 'canary-demo-key', model: 'deepseek-v3.2' } },
      // One second stands for an hour of a real rollout. The margins are wide, because few calls cannot prove narrower ones.
      rollout: {
        to: 'deepseek',
        steps: [
          { shadow: 0.3, hold: '1s' },
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
      // Without a store the client warns that a restart loses the rollout. That does not matter here.
      logger: { warn: () => undefined },
    },
  });
}

function degrade(canary: Provider): void {
  canary.set({
    errorRate: 0.5,
    errorMix: [
      { status: 503, weight: 3 },
      { status: 500, weight: 1 },
    ],
  });
}

/**
 * The token counts of the arrival, sent as metadata: the simulated providers report them without megabytes of filler
 * text.
 */
function sizeOf({ body }: ReceivedRequest) {
  const metadata = (body.metadata ?? {}) as Record<string, string>;
  return { promptTokens: Number(metadata.inputTokens ?? 0), completionTokens: Number(metadata.outputTokens ?? 0) };
}
