/** A guard without checks that hides some chunks and keeps a log. */

import type { StreamEnd } from '../../../src/upstream/stream/guarded-reader.ts';
import { StreamGuard } from '../../../src/upstream/stream/stream-guard.ts';
import { attemptInput } from './attempt-input.ts';

/** Lets every chunk pass for which `hidden` is false. */
export class LoggingGuard extends StreamGuard {
  readonly seen: unknown[] = [];
  readonly ends: StreamEnd[] = [];
  readonly #hidden: (chunk: unknown) => boolean;

  constructor(hidden: (chunk: unknown) => boolean = () => false) {
    super(attemptInput().input, undefined, new AbortController());
    this.#hidden = hidden;
  }

  override see(chunk: unknown): void {
    this.seen.push(chunk);
  }

  override hides(chunk: unknown): boolean {
    return this.#hidden(chunk);
  }

  override onEnd(how: StreamEnd): undefined {
    this.ends.push(how);
  }
}
