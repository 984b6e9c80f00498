/**
 * A migration to a relay in five phases. First the relay is validated; copies of calls show that its answers agree; then the phases follow, each
 * with more calls and stricter requirements than the one before. Alert rules tell people what happens. In the second phase the relay breaks: it is
 * rolled back, no caller notices, and it is tried again once it is mended.
 *
 * The preset `fivePhase` takes a week and 661,000 canary calls. Here its phases need a thousandth of the calls, its hours are minutes, and the clock is
 * simulated. Run: node examples/articles/five-phases.ts
 */

import { setTimeout } from 'node:timers/promises';
import { CanaryClient, defaultAlerts, presets, route } from '../../src/index.ts';
import { ManualClock, startProvider } from '../../src/testing/index.ts';

const [MINUTE_MS, CALLS_PER_MINUTE] = [60_000, 36];
await using openai = await startProvider({ maxRequests: 100_000 });
await using relay = await startProvider({ maxRequests: 100_000 });

const clock = new ManualClock();
const startedAtMs = clock.now();
const log = (text: string): void =>
  console.log(`${((clock.now() - startedAtMs) / MINUTE_MS).toFixed(0).padStart(4)} min  ${text}`);

/** The relay takes 700 ms, openai 1 s, on the simulated clock. */
const slowly: typeof fetch = async (input, init) => {
  const latencyMs = new Request(input).url.startsWith(relay.url) ? 700 : 1_000;
  await new Promise<void>((resolve) => clock.setTimeout(resolve, latencyMs));
  return fetch(input, init);
};

await using ai = new CanaryClient({
  baseURL: openai.url,
  apiKey: 'test',
  fetch: slowly,
  canary: {
    upstreams: { relay: { baseURL: relay.url, apiKey: 'test' } },
    // The simulated providers are not in the price list.
    prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, relay: { inputPerMTok: 1.6, outputPerMTok: 6.4 } },
    rollout: {
      to: 'relay',
      steps: [
        { shadow: 0.2, hold: '4m', minCalls: 20, require: { maxErrorRate: 0.01, minQuality: 0.9 } },
        ...presets.fivePhase.map(({ hold, minCalls, ...phase }) => ({
          ...phase,
          hold: Number.parseInt(hold, 10) * MINUTE_MS,
          minCalls: minCalls / 1_000,
        })),
      ],
      // With so few calls no less than twenty points more of errors can be excluded.
      guardrails: { errorRate: { margin: 0.2 } },
    },
    alerts: [...defaultAlerts({ upstream: 'relay' })],
    clock,
    logger: { warn: () => undefined },
  },
});
ai.canary.on('step', ({ weightsAfter: { relay: weight = 0 } }) => {
  log(weight === 0 ? 'the relay gets copies' : `the relay gets ${(100 * weight).toFixed(0)} % of calls`);
});
ai.canary.on('rollback', ({ reason }) => log(`ROLLBACK: ${reason}`));
ai.canary.on('promote', () => log('promoted'));
ai.canary.on('alert', ({ name, severity, state }) => log(`alert, ${severity}: ${name} (${state})`));

/** Lets simulated time pass until `work` is done. The requests themselves take real time. */
async function pass<T>(work: Promise<T>): Promise<T> {
  const state = { isDone: false };
  const ended = (): void => void (state.isDone = true);
  work.then(ended, ended);
  while (!state.isDone) {
    await clock.advance(1_000);
    await Promise.race([work, setTimeout(20)]);
  }
  return work;
}

let users = 0;
/** Calls of new users for a minute, which all get an answer: a call that failed would end this program. */
async function serveAMinute(): Promise<void> {
  for (let second = 0; second < 60; second += 10) {
    const calls = Array.from({ length: CALLS_PER_MINUTE / 6 }, () => {
      const messages = [{ role: 'user' as const, content: 'When is the invoice due?' }];
      return ai.chat.completions.create({ model: 'gpt-4.1', messages }, route({ key: `user-${(users += 1)}` }));
    });
    await pass(Promise.all(calls));
    await clock.advance(8_000);
  }
}

const report = await pass(
  ai.canary.probe('relay', { model: 'gpt-4.1', only: ['chat', 'usage', 'tools', 'jsonSchema'] }),
);

log(`validated: ${report.checks.map(({ name, status }) => `${name} ${status}`).join(', ')}`);

const { rollout } = ai.canary;
const isAt = (step: number) => rollout.state.phase === 'progressing' && rollout.state.step === step;
while (!isAt(2)) await serveAMinute();
relay.set({ errorRate: 0.5 });
log('the relay fails every second request');
while (rollout.state.phase !== 'rolledBack') await serveAMinute();
relay.set({ errorRate: 0 });
log('the relay is mended: retry()');
rollout.retry();
while (ai.canary.rollout.state.phase !== 'promoted') await serveAMinute();
console.log(
  `\n${users} calls, all of them answered. openai received ${openai.requests.length} requests, the relay ${relay.requests.length}.`,
);
