/** The documented differences of streams where a `canary` option guards them. */

import { APIError, APIUserAbortError, OpenAIError } from 'openai';
import { expect } from 'vitest';
import { StreamInterruptedError } from '../../../src/index.ts';
import type { Difference, Observation, SettingName } from './behaviour.ts';
import { inBoth } from './differences.ts';
import { portray } from './portray.ts';

/** An error in its picture. */
type Threw = Readonly<Record<string, unknown>> & { readonly 'hidden message': string };

const throwing = ({ requests, streamEnds }: Observation, threw: unknown): Observation => ({
  threw,
  requests,
  streamEnds,
});

const userAbort = await portray(new APIUserAbortError());

export const rejectsBeforeContent = inBoth({
  reason:
    'A stream is given from its first content on: before it, an abort rejects the call as that of any other call.',
  change: (bare) => throwing(bare, userAbort),
});

const failedByWord = await portray(
  new APIError(undefined, { code: 'server_error', message: 'No.' }, undefined, undefined),
);

export const throwsWhatTheProviderSays = inBoth({
  reason:
    'A provider that says it failed has not answered: before its first content another upstream may, else it throws.',
  change: (bare) => throwing(bare, failedByWord),
});

/** What had come of a stream, and what the SDK's own end of it becomes. */
interface Broken {
  readonly text: string;
  readonly kind: 'truncated' | 'server';
  /** What the SDK throws is the cause. @default false: there is none */
  readonly keepsCause?: boolean;
}

export function isInterrupted(broken: Broken): Partial<Record<SettingName, readonly Difference[]>> {
  return { on: [interruptedAt('openai', broken)], elsewhere: [interruptedAt('other', broken)] };
}

const interruptedAt = (upstream: string, { text, kind, keepsCause = false }: Broken): Difference => ({
  reason: 'A stream that breaks off never ends as if it were whole, and the error says what had come of it.',
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
