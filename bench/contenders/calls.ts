/** One chat call: with the bare SDK, and with `CanaryClient` and a growing set of features. */

import { OpenAI } from 'openai';
import { CanaryClient } from '../../src/index.ts';
import { answerText, callBody } from '../bodies.ts';
import type { MakeContenders } from '../contender.ts';
import { callsWith, FEATURES, MONEY_AND_LIMITS } from '../everything.ts';

/** The provider; without a `baseURL` an in-memory `fetch` answers. */
export interface CallsGiven {
  readonly baseURL?: string;
}

/**
 * - `bare`: the SDK alone
 * - `off`: `CanaryClient` without a `canary` option
 * - `on`: with split, retry, breaker, metering and a listener
 * - `money`: with limits, budgets, cache and tasks as well
 * - `everything`: with all features
 */
export const contenders = {
  bare: (given: CallsGiven) => callsOf(new OpenAI(optionsOf(given))),
  off: (given: CallsGiven) => callsOf(new CanaryClient(optionsOf(given))),
  on: (given: CallsGiven) => callsWith(['split'], optionsOf(given)).call,
  money: (given: CallsGiven) => callsWith(MONEY_AND_LIMITS, optionsOf(given)).call,
  everything: (given: CallsGiven) => callsWith(FEATURES, optionsOf(given)).call,
} satisfies MakeContenders<string, CallsGiven>;

const headers = { 'content-type': 'application/json' };

function optionsOf({ baseURL }: CallsGiven) {
  const connection = baseURL === undefined ? { fetch: async () => new Response(answerText, { headers }) } : { baseURL };
  return { apiKey: 'bench', ...connection };
}

function callsOf(client: OpenAI): () => Promise<unknown> {
  return () => client.chat.completions.create(callBody);
}
