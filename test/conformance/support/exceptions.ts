/**
 * The bodies for which a client with a `canary` option differs from the SDK alone, or records other facts, with
 * reasons.
 */

import { APIError } from 'openai';
import { expect } from 'vitest';
import { StreamInterruptedError, type AttemptRecord } from '../../../src/index.ts';
import type { Seen } from './call-for.ts';
import { isUsageChunk } from './hidden-usage.ts';

/** The effect of the option on some bodies. */
export interface Exception {
  readonly why: string;
  /** The expected fields of the attempt record. */
  readonly record: Partial<AttemptRecord>;
  /** What the caller gets, given the result of the SDK alone. @default the same */
  readonly sees?: (alone: Seen) => unknown;
  /** What rejects where the SDK alone gives the whole raw text: the call, or reading the body. */
  readonly rejectsRaw?: 'call' | 'body';
  readonly files: readonly string[];
}

/** A recorded stream with a usage chunk, although its request did not ask for usage. */
export const USAGE_UNASKED = 'chat-sse/openai__gpt-3.5-turbo__usage-last-emptychoices__3888.sse';

const TOKENS_IN_ERROR =
  'gateways/openrouter__minimax-m2-free__midstream-error-comments-usage-last-withchoices-reasoning-re__2002.sse';

/** All bodies for which the option makes a difference. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'an unrequested usage chunk looks like the one that the client requested, and is hidden',
    record: { outcome: 'success', kind: undefined },
    sees: (alone) => ({ ...alone, chunks: alone.chunks.filter((chunk) => !isUsageChunk(chunk)) }),
    files: [USAGE_UNASKED],
  },
  {
    why: 'the stream broke off after its first content: the error reports that, with its cause',
    record: { outcome: 'neutral', kind: 'badRequest', usage: expect.anything(), usageEstimated: true },
    sees: (alone) => ({ ...alone, error: interrupted('stream', alone.error) }),
    rejectsRaw: 'body',
    files: ['chat-sse/groq__gpt-oss-120b__midstream-error-nousage-nodone-reasoning__939.sse', TOKENS_IN_ERROR],
  },
  {
    why: 'an error that comes first, before anything was passed on, is the error of the call',
    record: { outcome: 'failure', kind: 'server' },
    sees: thrownByCall,
    rejectsRaw: 'call',
    files: ['captured-in-issues/openai__200-sse__error_server_is_overloaded.sse'],
  },
  {
    why: 'as above, for an event that is not JSON; its bytes reach a caller of the raw stream before the error',
    record: { outcome: 'failure', kind: 'malformed' },
    sees: thrownByCall,
    rejectsRaw: 'body',
    files: ['authored-by-upstream/openai--parallel-tool-call-wrapper.1.chunks.txt'],
  },
  {
    why: 'an answer that the provider reports as failed is an error, even where the SDK ends the stream normally',
    record: { outcome: 'failure', kind: 'server' },
    sees: () => ({
      ...NOTHING,
      error: expect.objectContaining({
        thrownBy: 'call',
        class: APIError,
        code: 'server_is_overloaded',
        message: OVERLOADED,
      }),
    }),
    rejectsRaw: 'call',
    files: ['captured-in-issues/openai__200-sse__response_failed_server_is_overloaded.sse'],
  },
  {
    why: 'the stream of another API without `[DONE]` has no choices, so it counts as one that ended before its answer began',
    record: { outcome: 'failure', kind: 'truncated' },
    sees: (alone) => ({ ...alone, requestId: undefined, error: interrupted('stream', undefined) }),
    rejectsRaw: 'body',
    files: [
      'gemini-native/gemini__x__nousage-nodone-crlf__4524.sse',
      'gemini-native/gemini__x__nousage-nodone-crlf__817.sse',
    ],
  },
  {
    why: 'the answer of another API has no message; the caller gets it because no other upstream has a better one',
    record: { outcome: 'failure', kind: 'malformed' },
    files: [
      'anthropic/anthropic__claude-3-5-haiku-20241022__plain__2237.json',
      'anthropic/anthropic__claude-3-opus-20240229__plain__3763.json',
      'anthropic/anthropic__claude-sonnet-4-20250514__plain__3771.json',
      'anthropic/anthropic__claude-sonnet-4-5-20250929__plain__3840.json',
      'authored-by-upstream/google--google-tool-call.json',
      'gemini-native/gemini__x__plain__1015.json',
      'gemini-native/gemini__x__plain__821.json',
      'vercel-fixtures/anthropic--anthropic-refusal.json',
      'vercel-fixtures/anthropic--anthropic-text.json',
    ],
  },
  {
    why: 'as above, for a single chunk instead of a whole answer',
    record: { outcome: 'failure', kind: 'malformed' },
    files: [
      'captured-in-issues/gemini-compat__200-chunk__toolcall_without_index.json',
      'captured-in-issues/kimi__200-chunk__usage_inside_choice_cached_tokens.json',
    ],
  },
  {
    why: 'as above, for an error with a status of success',
    record: { outcome: 'failure', kind: 'malformed' },
    files: [
      'authored-by-upstream/azure__prompt-content_filter-error-body__edited-cassette__2877.json',
      'vercel-fixtures/openai--openai-error.1.json',
    ],
  },
  {
    why: 'an answer removed by a content filter counts neither for nor against the upstream',
    record: { outcome: 'neutral', kind: 'contentFilter' },
    files: ['chat-json/azure__openllmetry-testing__contentfilter-filterresults__2839.json'],
  },
];

/** Raw answers with another usage than the parsed ones. */
export const RAW_RECORDS: Readonly<Record<string, Partial<AttemptRecord>>> = {
  // The error event has the tokens, but the SDK shows only its error.
  [TOKENS_IN_ERROR]: { usage: expect.objectContaining({ inputTokens: 43, outputTokens: 10 }), usageEstimated: false },
};

/** The exception for a recording, if any. */
export function exceptionOf(file: string): Exception | undefined {
  return EXCEPTIONS.find(({ files }) => files.includes(file));
}

const OVERLOADED = 'Our servers are currently overloaded. Please try again later.';

const NOTHING: Omit<Seen, 'error'> = { value: undefined, requestId: undefined, chunks: [] };

function thrownByCall(alone: Seen): unknown {
  return { ...alone, error: { ...alone.error, thrownBy: 'call' } };
}

function interrupted(thrownBy: 'call' | 'stream', cause: Seen['error']): unknown {
  return expect.objectContaining({ thrownBy, class: StreamInterruptedError, code: 'STREAM_INTERRUPTED', cause });
}
