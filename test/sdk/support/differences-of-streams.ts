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

const failedByWord = await portray(
  new APIError(undefined, { code: 'server_error', message: 'No.' }, undefined, undefined),
);

export const throwsWhatTheProviderSays = inBoth({
  reason:
    'An error event before the first content is a failure: another upstream may answer, otherwise the call throws.',
  change: (bare) => throwing(bare, failedByWord),
});

/** The received part of a broken stream, and its failure. */
interface Broken {
  readonly text: string;
  readonly kind: 'truncated' | 'server';
  /** Whether the cause is the error of the SDK. @default false: there is no cause */
  readonly keepsCause?: boolean;
}

export function isInterrupted(broken: Broken): Partial<Record<SettingName, readonly Difference[]>> {
  return { on: [interruptedAt('openai', broken)], elsewhere: [interruptedAt('other', broken)] };
}

const interruptedAt = (upstream: string, { text, kind, keepsCause = false }: Broken): Difference => ({
  reason: 'A stream that breaks off never ends as if it were whole, and the error contains the received part.',
  change: (bare) => {
    const cause = keepsCause ? (bare.threw as Threw) : undefined;
    const why = cause?.['hidden message'] ?? 'it ended before the provider marked it as complete';
    const usageEstimated = text !== '';
    const usage = usageEstimated ? expect.objectContaining({ inputTokens: 12, outputTokens: 2 }) : undefined;
    const delivery = usageEstimated ? 'partial' : 'ambiguous';
    return throwing(bare, {
      classes: [StreamInterruptedError, OpenAIError, Error, Object],
      name: 'StreamInterruptedError',
      'hidden message': `The stream from ${upstream} broke off after ${text.length} characters: ${why}`,
      code: 'STREAM_INTERRUPTED',
      upstream,
      partialText: text,
      usage,
      usageEstimated,
      attempts: [expect.objectContaining({ upstream, outcome: 'failure', kind, delivery, usage, usageEstimated })],
      ...(cause && { cause }),
    });
  },
});
