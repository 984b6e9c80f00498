/** A guard that asks nothing, hides some, and keeps a log. */

import type { StreamEnd } from '../../../src/upstream/stream/guard.ts';
import { StreamMeter } from '../../../src/upstream/stream/stream-meter.ts';
import { attemptInput } from './attempt-input.ts';

/** Lets all pass but what `hidden` claims. */
export class LoggingGuard extends StreamMeter {
  readonly idle = undefined;
  readonly drains = false;
  readonly seen: unknown[] = [];
  readonly ends: StreamEnd[] = [];
  readonly #hidden: (chunk: unknown) => boolean;

  constructor(hidden: (chunk: unknown) => boolean = () => false) {
    super(attemptInput().input);
    this.#hidden = hidden;
  }

  override see(chunk: unknown): void {
    this.seen.push(chunk);
  }

  override hides(chunk: unknown): boolean {
    return this.#hidden(chunk);
  }

  isCommitted(): boolean {
    return true;
  }

  onEnd(how: StreamEnd): undefined {
    this.ends.push(how);
  }
}
