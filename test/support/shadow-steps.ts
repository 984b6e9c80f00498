/** A rollout that begins with a shadow step, at the defaults of the client, and traffic for it. */

import { route, type CanaryOptions, type RolloutOptions } from '../../src/index.ts';
import { ask } from './calls.ts';
import { chat } from './replies.ts';
import { setUp, type SetUp } from './set-up.ts';

/** Each call is copied for 20 s at least; half of the callers would follow. */
export const STEPS: RolloutOptions['steps'] = [{ shadow: 1, hold: '20s' }, { weight: 0.5, hold: '1d' }, { weight: 1 }];

export function setUpShadowStep(
  rollout: Partial<RolloutOptions> = {},
  canary: Partial<CanaryOptions> = {},
  client: Readonly<Record<string, unknown>> = {},
): SetUp {
  const guardrails = { errorRate: { margin: 0.05 } };
  const set = setUp({
    upstreams: { gemini: {} },
    client,
    canary: { rollout: { to: 'gemini', steps: STEPS, guardrails, ...rollout }, ...canary },
  });
  for (const name of ['openai', 'gemini']) set.providers.usually(name, chat());
  return set;
}

export interface ShadowTraffic {
  readonly calls: number;
  /** Time between two calls, in ms. @default 100 */
  readonly everyMs?: number;
  /** Ends the traffic; asked after each call. */
  readonly until?: () => boolean;
}

/** Calls of ever new users; nothing waits for an answer. Returns the number of calls. */
export function trafficOf({ ai, clock }: Pick<SetUp, 'ai' | 'clock'>) {
  let users = 0;
  return async ({ calls, everyMs = 100, until }: ShadowTraffic): Promise<number> => {
    for (let made = 1; made <= calls; made++) {
      users += 1;
      void ask(ai, route({ key: `user-${users}` })).catch(() => undefined);
      await clock.advance(everyMs);
      if (until?.()) return made;
    }
    return calls;
  };
}

export const stateOf = ({ ai }: Pick<SetUp, 'ai'>) => ai.canary.rollout.state;
export const waitsOf = (set: Pick<SetUp, 'ai'>): readonly string[] =>
  stateOf(set).waitsFor.map(({ message }) => message);
/** How many calls of callers the canary has got. */
export const callersOf = ({ events }: Pick<SetUp, 'events'>): number =>
  events.of('call').filter(({ assigned }) => assigned === 'gemini').length;
