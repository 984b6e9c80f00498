/** The cost of a call that fell back: that of the answer, and nothing for failed attempts. */

import { PRICES } from './fault-play.ts';
import type { Seen } from './fault-scene.ts';
import { unlike } from './fault-judge.ts';

/** Expects the model, usage and price of the fallback, and no cost for failed attempts. */
export function accounting(model: string) {
  return ({ attempts, calls, costs, answer }: Seen): (string | undefined)[] => {
    const failed = attempts.slice(0, -1);
    const last = attempts.at(-1);
    const reported = answer.chunks.at(-1)?.usage;
    const { inputPerMTok, outputPerMTok } = PRICES.fallback;
    const costUsd =
      ((reported?.prompt_tokens ?? NaN) * inputPerMTok + (reported?.completion_tokens ?? NaN) * outputPerMTok) / 1e6;
    const { openai, fallback } = costs.upstreams;
    return [
      unlike('output tokens that the caller gets', reported?.completion_tokens, last?.usage?.outputTokens),
      unlike('usage', [last?.usage?.inputTokens, last?.usageEstimated], [reported?.prompt_tokens, false]),
      unlike('model', [last?.model, answer.chunks[0]?.model], [model, model]),
      unlike('cost of the answer', last?.cost, { costUsd, source: 'override' }),
      unlike(
        'usage of failed attempts',
        failed.map(({ usage }) => usage ?? null),
        failed.map(() => null),
      ),
      unlike(
        'cost of failed attempts',
        failed.map(({ cost }) => cost.costUsd),
        failed.map(() => null),
      ),
      unlike('cost of the call', calls[0]?.costUsd, costUsd),
      unlike('account', [openai?.costUsd ?? 0, fallback?.costUsd, costs.total.costUsd], [0, costUsd, costUsd]),
      unlike('tokens in the ledger', costs.total.outputTokens, reported?.completion_tokens),
    ];
  };
}
