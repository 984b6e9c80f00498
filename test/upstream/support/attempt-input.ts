/** The input of an attempt, and a log of its callbacks. */

import { ManualClock } from '../../../src/testing/index.ts';
import type { AttemptEnd, AttemptInput } from '../../../src/upstream/attempt-types.ts';
import { ResponseMode } from '../../../src/upstream/response-mode.ts';

/** An input, and everything that was reported through it. */
export interface Attempted {
  readonly input: AttemptInput;
  readonly clock: ManualClock;
  readonly ends: AttemptEnd[];
  readonly ids: string[];
  readonly redacted: unknown[];
}

/** A chat call for which we request usage, at 0 ms on a clock of its own. */
export function attemptInput(options: Partial<AttemptInput> = {}): Attempted {
  const clock = new ManualClock(0);
  const ends: AttemptEnd[] = [];
  const ids: string[] = [];
  const redacted: unknown[] = [];
  const usual: AttemptInput = {
    surface: 'chat',
    metersRaw: true,
    hidesUsage: true,
    send: () => {
      throw new Error('These tests send no requests.');
    },
    options: { method: 'post', path: '/chat/completions' },
    retries: 0,
    mode: new ResponseMode(),
    limit: undefined,
    judge: undefined,
    redact: (error) => void redacted.push(error),
    clock,
    onResponseId: (id) => void ids.push(id),
    onEnd: (end) => void ends.push(end),
  };
  return { input: { ...usual, ...options }, clock, ends, ids, redacted };
}
