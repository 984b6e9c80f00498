/** Traffic for rollouts: many callers, providers with an error rate, and a clock that advances with the calls. */

import { route, type CanaryOptions, type RolloutOptions, type UpstreamOptions } from '../../src/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { ask } from './calls.ts';
import { chat, failed, type Reply } from './replies.ts';
import { setUp, type SetUp } from './set-up.ts';

/** A client with a rollout to `gemini` and without retries, so that each failed request is one failure. */
export function setUpRollout(
  rollout: Partial<RolloutOptions> | readonly RolloutOptions[],
  canary: Partial<CanaryOptions> = {},
  upstreams: Readonly<Record<string, UpstreamOptions>> = { gemini: {} },
): SetUp {
  const steps = [{ weight: 0.05 }, { weight: 1 }];
  const one = 'length' in rollout ? rollout : { to: 'gemini', steps, ...rollout };
  return setUp({ upstreams, client: { maxRetries: 0 }, canary: { breaker: false, rollout: one, ...canary } });
}

/** Fails this share of requests, 0–1. */
export function failing(rate: number, random: () => number): Reply {
  const answer = chat();
  const failure = failed(500);
  return (request) => (random() < rate ? failure : answer)(request);
}

export interface Drive {
  readonly calls: number;
  /** How many calls a second. @default 100 */
  readonly perSecond?: number;
  /** Stops when this returns `true`; checked after each second. */
  readonly until?: () => boolean;
  /** The number of the first caller; each call has another caller. @default continues */
  readonly from?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Makes calls, each with its own caller, and lets a second pass after every `perSecond` calls. Returns the number of
 * calls.
 */
export function driver({ ai, clock }: SetUp) {
  let next = 0;
  return async ({ calls, perSecond = 100, until, from = next, attributes }: Drive): Promise<number> => {
    next = from;
    for (let made = 1; made <= calls; made++) {
      next += 1;
      await ask(ai, route({ key: `user-${next}`, ...(attributes && { attributes }) })).catch(() => undefined);
      if (made % perSecond !== 0) continue;
      await clock.advance(1_000);
      if (until?.()) return made;
    }
    return calls;
  };
}

/** Makes providers fail at these rates of 0–1, by name. */
export function failAt({ providers }: SetUp, rates: Readonly<Record<string, number>>, seed = 1): void {
  const random = seededRandom(seed);
  for (const [name, rate] of Object.entries(rates)) providers.usually(name, failing(rate, random));
}
