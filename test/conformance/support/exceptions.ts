/** Where a caller with a `canary` option gets something else than the SDK alone would give, or our account does; and why. */

import { APIError } from 'openai';
import { expect } from 'vitest';
import { StreamInterruptedError, type AttemptRecord } from '../../../src/index.ts';
import type { Seen } from './call-for.ts';
import { isUsageChunk } from './hidden-usage.ts';

/** What becomes of a body with the option on. */
export interface Exception {
  readonly why: string;
  /** What our attempt says. */
  readonly account: Partial<AttemptRecord>;
  /** What the caller gets, given what the SDK alone would give. @default the same */
  readonly sees?: (alone: Seen) => unknown;
  /** What rejects with an error, where the SDK alone would give the raw text to its end: the call, or the reading of the body. */
  readonly rejectsRaw?: 'call' | 'body';
  readonly files: readonly string[];
}

/** A recorded stream with a usage chunk that its request did not ask for. */
export const USAGE_UNASKED = 'chat-sse/openai__gpt-3.5-turbo__usage-last-emptychoices__3888.sse';

const TOKENS_IN_ERROR =
  'gateways/openrouter__minimax-m2-free__midstream-error-comments-usage-last-withchoices-reasoning-re__2002.sse';

/** Every body with which the option makes a difference. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'an unasked usage chunk cannot be told from the one that we asked for, and is hidden',
    account: { outcome: 'success', kind: undefined },
    sees: (alone) => ({ ...alone, chunks: alone.chunks.filter((chunk) => !isUsageChunk(chunk)) }),
    files: [USAGE_UNASKED],
  },
  {
    why: 'the stream broke off after its first content: the error says so, and has the cause',
    account: { outcome: 'neutral', kind: 'badRequest', usage: expect.anything(), usageEstimated: true },
    sees: (alone) => ({ ...alone, error: interrupted('stream', alone.error) }),
    rejectsRaw: 'body',
    files: ['chat-sse/groq__gpt-oss-120b__midstream-error-nousage-nodone-reasoning__939.sse', TOKENS_IN_ERROR],
  },
  {
    why: 'nothing is given before the first content: an error until then is the error of the call',
    account: { outcome: 'failure', kind: 'server' },
    sees: thrownByCall,
    rejectsRaw: 'call',
    files: ['captured-in-issues/openai__200-sse__error_server_is_overloaded.sse'],
  },
  {
    why: 'the same of an event that is no JSON',
    account: { outcome: 'failure', kind: 'malformed' },
    sees: thrownByCall,
    rejectsRaw: 'call',
    files: ['authored-by-upstream/openai--parallel-tool-call-wrapper.1.chunks.txt'],
  },
  {
    why: 'an answer that the provider says has failed is an error, also where the SDK ends the stream as if all were well',
    account: { outcome: 'failure', kind: 'server' },
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
    why: 'the stream of another API, which has no choices, is taken for one that ended before its first content',
    account: { outcome: 'failure', kind: 'truncated' },
    sees: () => ({ ...NOTHING, error: interrupted('call', undefined) }),
    rejectsRaw: 'call',
    files: [
      'authored-by-upstream/google--google-text.chunks.txt',
      'gemini-native/gemini__x__nousage-nodone-crlf__4524.sse',
      'gemini-native/gemini__x__nousage-nodone-crlf__817.sse',
      'vercel-fixtures/anthropic--anthropic-message-delta-input-tokens.chunks.txt',
      'vercel-fixtures/anthropic--anthropic-refusal.chunks.txt',
      'vercel-fixtures/anthropic--anthropic-text.chunks.txt',
      'vercel-fixtures/google--google-stream-no-args-tool-call.chunks.txt',
      'vercel-fixtures/google--google-tool-call-gemini3.chunks.txt',
    ],
  },
  {
    why: 'the answer of another API has no message: no upstream had a better one, so that the caller gets it all the same',
    account: { outcome: 'failure', kind: 'malformed' },
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
    why: 'the same of a single chunk where a whole answer belongs',
    account: { outcome: 'failure', kind: 'malformed' },
    files: [
      'captured-in-issues/gemini-compat__200-chunk__toolcall_without_index.json',
      'captured-in-issues/kimi__200-chunk__usage_inside_choice_cached_tokens.json',
    ],
  },
  {
    why: 'the same of an error under a status that says success',
    account: { outcome: 'failure', kind: 'malformed' },
    files: [
      'authored-by-upstream/azure__prompt-content_filter-error-body__edited-cassette__2877.json',
      'vercel-fixtures/openai--openai-error.1.json',
    ],
  },
  {
    why: 'an answer that was filtered away speaks neither for nor against the upstream',
    account: { outcome: 'neutral', kind: 'contentFilter' },
    files: ['chat-json/azure__openllmetry-testing__contentfilter-filterresults__2839.json'],
  },
];

/** Where a raw answer tells another usage than a parsed one. */
export const RAW_ACCOUNT: Readonly<Record<string, Partial<AttemptRecord>>> = {
  // The tokens stand in the error event, of which the SDK shows the error only.
  [TOKENS_IN_ERROR]: { usage: expect.objectContaining({ inputTokens: 43, outputTokens: 10 }), usageEstimated: false },
};

/** The exception that a recording is, if it is one. */
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
