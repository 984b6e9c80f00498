/** A call of the bare SDK, and of ours with more and more of what it can do. */

import { OpenAI } from 'openai';
import { CanaryClient } from '../../src/index.ts';
import { answerText, callBody } from '../bodies.ts';
import type { MakeContenders } from '../contender.ts';
import { callsWith, FEATURES, MONEY_AND_LIMITS } from '../everything.ts';

/** Where the calls go; in memory, where nowhere. */
export interface CallsGiven {
  readonly baseURL?: string;
}

/** The bare SDK; ours without a `canary` option; with split, retry, breaker, metering and a listener; with money and limits; with all. */
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
