/** A client in memory that splits its calls in halves, for the benchmarks of exporters. */

import { CanaryClient, route } from '../src/index.ts';
import { answerText, callBody } from './bodies.ts';

const headers = { 'content-type': 'application/json' };

export interface SplitClient {
  readonly ai: CanaryClient;
  /** A call of the next of 1,000 users. */
  readonly call: () => Promise<unknown>;
}

export function splitClient(): SplitClient {
  const ai: CanaryClient = new CanaryClient<string, string>({
    apiKey: 'bench',
    fetch: async () => new Response(answerText, { headers }),
    canary: {
      upstreams: { mini: { model: 'gpt-4.1-mini' } },
      weights: { openai: 50, mini: 50 },
      prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, mini: { inputPerMTok: 0.4, outputPerMTok: 1.6 } },
    },
  });
  let calls = 0;
  return {
    ai,
    call: () => ai.chat.completions.create(callBody, route({ key: `user-${(calls += 1) % 1_000}` })),
  };
}

/** The CPU time of this process, in µs. Other processes disturb it less than wall-clock time. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
