/** The error of a call whose price nobody knows. */

import { OpenAIError } from 'openai';

/** No upstream that may serve the call has a known price, and `onUnknownPrice` is `'reject'`. Nothing was sent. */
export class UnknownPriceError extends OpenAIError {
  readonly code = 'UNKNOWN_PRICE';
  readonly upstream: string;
  readonly model: string | undefined;

  constructor(upstream: string, model: string | undefined) {
    super(`No price is known for ${model ?? '(no model)'} on ${upstream}: set canary.prices.${upstream}.`);
    this.name = 'UnknownPriceError';
    this.upstream = upstream;
    this.model = model;
  }
}
