/**
 * A shadow, then users who opted in, then a share of all users, then all: the preset `fourPhase`. Who gets the canary is printed for
 * each phase. The preset takes four days; here its days are hours, and the clock is simulated. Run: node examples/articles/four-phases.ts
 */

import { CanaryClient, presets, route } from '../../src/index.ts';
import { ManualClock, startProvider } from '../../src/testing/index.ts';

const [HOUR_MS, MINUTE_MS] = [3_600_000, 60_000];
const CALLS_PER_MINUTE = 25;
const CANARY_MODEL = 'gemini-2.5-flash';
const PLANS = ['free', 'free', 'free', 'free', 'free', 'free', 'free', 'team', 'premium', 'beta'] as const;
await using openai = await startProvider({ answer: 'Hello!', maxRequests: 100_000 });
await using gemini = await startProvider({ answer: 'Hello!', maxRequests: 100_000 });

const clock = new ManualClock();
await using ai = new CanaryClient({
  baseURL: openai.url,
  apiKey: 'test',
  canary: {
    upstreams: { gemini: { baseURL: gemini.url, apiKey: 'test', model: CANARY_MODEL } },
    // The simulated providers are not in the price list.
    prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, gemini: { inputPerMTok: 0.3, outputPerMTok: 2.5 } },
    rollout: {
      to: 'gemini',
      steps: presets.fourPhase.map((phase) => ('hold' in phase ? { ...phase, hold: '1h' } : phase)),
      // With so few calls, ten points more of errors are all that can be excluded.
      guardrails: { errorRate: { margin: 0.1 } },
    },
    clock,
    logger: { warn: () => undefined },
  },
});

const startedAtMs = clock.now();
let phase = { name: 'shadow', calls: 0, canary: { free: 0, team: 0, premium: 0, beta: 0 } };

/** Prints who was served by the canary in the phase that is over. */
function endPhase(next: string): void {
  const { name, calls, canary } = phase;
  const who = Object.entries(canary).flatMap(([plan, count]) => (count > 0 ? [`${plan} ${count}`] : []));
  const hours = (clock.now() - startedAtMs) / HOUR_MS;
  console.log(
    `until hour ${hours.toFixed(1)}  ${name.padEnd(10)} ${calls} calls, by gemini: ${who.join(', ') || 'none'}`,
  );
  phase = { name: next, calls: 0, canary: { free: 0, team: 0, premium: 0, beta: 0 } };
}

ai.canary.on('step', ({ step, weightsAfter: { gemini: weight = 0 } }) => {
  endPhase(step === 1 ? 'segment' : `${(100 * weight).toFixed(0)} %`);
});
ai.canary.on('promote', () => endPhase('promoted'));

const copies: (number | null | undefined)[] = [];
ai.canary.on('shadow', ({ comparison }) => copies.push(comparison?.agreement));

/** A call of a user with a plan. */
async function ask(user: number): Promise<void> {
  const plan = PLANS[user % PLANS.length]!;
  const messages = [{ role: 'user' as const, content: 'Hello!' }];
  const { model } = await ai.chat.completions.create(
    { model: 'gpt-4.1', messages },
    route({ key: `user-${user}`, attributes: { plan } }),
  );
  phase.calls += 1;
  if (model === CANARY_MODEL) phase.canary[plan] += 1;
}

let users = 0;
while (ai.canary.rollout.state.phase !== 'promoted') {
  await Promise.all(Array.from({ length: CALLS_PER_MINUTE }, () => ask((users += 1))));
  await clock.advance(MINUTE_MS);
}
console.log(
  `\n${copies.length} copies, ${copies.filter((agreement) => agreement === 1).length} of them with the same answer.`,
);
console.log(
  `openai received ${openai.requests.length} requests, gemini ${gemini.requests.length}; callers made ${users} calls.`,
);
