/** The error of a call that would cost too much wherever it may go. */

import { OpenAIError } from 'openai';

/** The call would cost more than its `maxCostUsd` on every upstream that may serve it. Nothing was sent. */
export class CostCapError extends OpenAIError {
  readonly code = 'COST_CAP';
  /** What the caller allows, in USD. */
  readonly maxCostUsd: number;
  /** The least estimate, in USD, and the upstream that it is for. */
  readonly estimateUsd: number;
  readonly upstream: string;

  constructor({ maxCostUsd, estimateUsd, upstream }: Pick<CostCapError, 'maxCostUsd' | 'estimateUsd' | 'upstream'>) {
    const least = `the least, on ${upstream}, would be about ${dollars(estimateUsd)}`;
    super(`The call may cost ${dollars(maxCostUsd)} at most, and ${least}.`);
    this.name = 'CostCapError';
    this.maxCostUsd = maxCostUsd;
    this.estimateUsd = estimateUsd;
    this.upstream = upstream;
  }
}

/** Costs of calls are fractions of cents. */
function dollars(usd: number): string {
  return `$${Number(usd.toPrecision(3))}`;
}
