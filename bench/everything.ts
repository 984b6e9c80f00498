/** The features that a call can use, and clients with some or all of them. */

import { CanaryClient, route, type CanaryOptions } from '../src/index.ts';
import { callBody } from './bodies.ts';

const limits = { rpm: 100_000_000, tpm: 1_000_000_000_000, concurrency: 1_000 };

const features = {
  split: { weights: { openai: 90, mini: 10 } },
  rollout: {
    rollout: {
      to: 'nano',
      steps: [{ weight: 0.1, hold: '1d' }, { weight: 0.5 }],
      guardrails: {
        errorRate: { margin: 0.01 },
        latencyP50: { margin: 0.2 },
        latencyP95: { margin: 0.2 },
        costPerCall: { margin: 0 },
        quality: { margin: 0.02 },
      },
    },
  },
  limits: { limits: { openai: limits, mini: limits, nano: limits } },
  budgets: {
    budgets: [
      { name: 'all', per: 'day', limitUsd: 1_000_000, onExceeded: 'reject' },
      { name: 'each', per: 'day', limitUsd: 1_000_000, scope: 'key', onExceeded: 'reject' },
    ],
  },
  // The calls have no temperature of 0, so the cache does not store them.
  cache: { cache: { ttl: '5m' } },
  tasks: { tasks: { routes: { extract: ['mini', 'openai'] } } },
  alerts: {
    alerts: [
      { name: 'errors', metric: 'errorRate', above: 0.05 },
      { name: 'slow', metric: 'latencyP95', above: 10_000, upstream: 'mini' },
    ],
  },
  shadow: { shadow: { upstream: 'other', share: 0.05 } },
  hedge: { hedge: { after: '1s' } },
} as const satisfies Record<string, CanaryOptions>;

export type Feature = keyof typeof features;

export const FEATURES = Object.keys(features) as readonly Feature[]; // `features` has no keys of other origin

/** The features that count tokens and money: limits, budgets, cache and tasks, with a split. */
export const MONEY_AND_LIMITS: readonly Feature[] = ['split', 'limits', 'budgets', 'cache', 'tasks'];

/**
 * A client with these features, and a function that makes one call. Calls use 1,000 keys; one in ten has a task with
 * a route.
 */
export function callsWith(
  on: readonly Feature[],
  connection: { readonly fetch?: typeof fetch; readonly baseURL?: string },
): { readonly ai: CanaryClient; readonly call: () => Promise<unknown> } {
  const ai = new CanaryClient<string, string>({
    apiKey: 'bench',
    ...connection,
    canary: Object.assign(
      {
        upstreams: {
          mini: { model: 'gpt-4.1-mini' },
          nano: { model: 'gpt-4.1-nano' },
          other: { model: 'gpt-4o-mini' },
        },
        prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, mini: { inputPerMTok: 0.4, outputPerMTok: 1.6 } },
        logger: { warn: () => undefined },
      },
      ...on.map((feature) => features[feature]),
    ) as CanaryOptions,
  });
  let calls = 0;
  let attempts = 0;
  ai.canary.on('attempt', () => (attempts += 1));
  const call = (): Promise<unknown> => {
    calls += 1;
    const key = `user-${attempts % 1_000}`;
    const task = on.includes('tasks') ? (calls % 10 === 0 ? 'extract' : 'chat') : undefined;
    return ai.chat.completions.create(callBody, route({ key, task }));
  };
  return { ai, call };
}
