/** The documented differences of streams with a `canary` option. */

import { APIError, APIUserAbortError, OpenAIError } from 'openai';
import { expect } from 'vitest';
import { StreamInterruptedError } from '../../../src/index.ts';
import type { Difference, Observation, SettingName } from './behaviour.ts';
import { inBoth } from './differences.ts';
import { portray } from './portray.ts';

/** A portrayed error. */
type Threw = Readonly<Record<string, unknown>> & { readonly 'hidden message': string };

const throwing = ({ requests, streamEnds }: Observation, threw: unknown): Observation => ({
  threw,
  requests,
  streamEnds,
});

const userAbort = await portray(new APIUserAbortError());

export const rejectsBeforeContent = inBoth({
  reason: 'The call resolves at the first content of a stream. An abort before that rejects the call.',
  change: (bare) => throwing(bare, userAbort),
});

/** The received part of a broken stream, and its failure. */
interface Broken {
  readonly text: string;
  readonly kind: 'truncated' | 'server' | 'malformed';
  /** Whether the cause is the error of the SDK, or which error it is. @default false: there is no cause */
  readonly cause?: boolean | APIError;
  /** The reported usage, in tokens. @default estimated from the text */
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
}

export function isInterrupted(broken: Broken): Partial<Record<SettingName, readonly Difference[]>> {
  return { on: [interruptedAt('openai', broken)], elsewhere: [interruptedAt('other', broken)] };
}

const interruptedAt = (
  upstream: string,
  { text, kind, cause: given = false, usage: reported }: Broken,
): Difference => ({
  reason:
    'A stream that breaks off never ends as if it were whole. The error is an APIError with the received part and what the provider said.',
  change: (bare) => {
    const cause = given === true ? (bare.threw as Threw) : undefined;
    const why = cause?.['hidden message'] ?? (given instanceof APIError ? given.message : NOT_COMPLETE);
    const usageEstimated = text !== '' && !reported;
    const counted = reported ?? { inputTokens: 12, outputTokens: 2 };
    const usage = usageEstimated || reported ? expect.objectContaining(counted) : undefined;
    const delivery = text === '' && kind === 'truncated' ? 'ambiguous' : expect.any(String);
    return throwing(bare, {
      classes: [StreamInterruptedError, APIError, OpenAIError, Error, Object],
      name: 'StreamInterruptedError',
      'hidden message': `The stream from ${upstream} broke off after ${text.length} characters: ${why}`,
      code: 'STREAM_INTERRUPTED',
      providerCode: given instanceof APIError ? given.code : cause?.['code'],
      status: undefined,
      headers: expect.objectContaining({ entries: expect.arrayContaining([['x-request-id', 'req_0']]) }),
      requestID: 'req_0',
      error: given instanceof APIError ? expect.objectContaining(given.error as object) : cause?.['error'],
      param: cause?.['param'],
      type: cause?.['type'],
      upstream,
      partialText: text,
      usage,
      usageEstimated,
      attempts: [expect.objectContaining({ upstream, outcome: 'failure', kind, delivery, usage, usageEstimated })],
      ...(given !== false && { cause: cause ?? expect.anything() }),
    });
  },
});

const NOT_COMPLETE = 'it ended before the provider marked it as complete';
