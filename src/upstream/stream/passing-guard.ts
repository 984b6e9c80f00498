/** The guard of a stream that nothing is asked of: it passes as it comes, and is metered. */

import { ABORTED, TRUNCATED, classifyFailure, type Failure } from '../../resilience/failure.ts';
import type { StreamEnd, StreamGuard } from './guard.ts';
import { StreamMeter } from './stream-meter.ts';
import { usageAtEnd } from '../final-usage.ts';

export class PassingGuard extends StreamMeter implements StreamGuard {
  readonly idle = undefined;
  readonly drains = false;

  isCommitted(): boolean {
    return true;
  }

  onEnd(how: StreamEnd): undefined {
    const { input } = this;
    if (how.kind === 'error') input.redact(how.error);
    // Without a `canary` option nothing is guessed.
    this.tell(this.#failureOf(how), usageAtEnd(input, this.facts, how.kind !== 'aborted' || !input.metersRaw));
  }

  #failureOf(how: StreamEnd): Failure | undefined {
    // What completes a stream is known for the surfaces that can move; others end when they end.
    const isWhole = this.input.surface === 'other' || this.isWhole;
    switch (how.kind) {
      case 'error':
        return classifyFailure(how.error, { signal: this.input.options.signal });
      case 'aborted':
        return isWhole ? undefined : ABORTED;
      case 'done':
        return isWhole ? undefined : TRUNCATED;
      default:
        return how satisfies never;
    }
  }
}
