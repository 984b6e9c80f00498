/**
 * The sixteen faults and their specifications: one table for the test on a manual clock and for the benchmark on the
 * real clock.
 */

import { BadRequestError, InternalServerError, RateLimitError } from 'openai';
import { StreamInterruptedError } from '../../../src/index.ts';
import { errorReply, type OrderedFault } from '../../../src/testing/index.ts';
import { messages } from '../../testing/bare-client.ts';
import { accounting } from './fault-accounting.ts';
import { bothSettings, fault, outage, scene } from './fault-draft.ts';
import { OUTAGE_MS, SOON } from './fault-outage.ts';
import type { AtMs, Expectation, ExpectedAttempt, WallFault } from './fault-scene.ts';
import { wordsOf, type Faults, type WallUpstream } from './fault-wall.ts';

const AT_ONCE: AtMs = [0, 0];
/** The silence that `presets.failover` allows. */
const LIMIT: AtMs = [20_000, 20_000];
/** After the second back-off, which is twice the first. */
const SOON_AGAIN: AtMs = [3 * SOON[0], 3 * SOON[1]];

const overloaded: OrderedFault = { kind: 'status', status: 503 };
const cut: OrderedFault = { kind: 'cut', afterChunks: chunksBefore(40) };
const silent = { faults: { openai: { kind: 'silence', forMs: 120_000 } }, watchedMs: 125_000 } as const;
const late = { faults: { openai: { kind: 'lateFirstToken', delayMs: 20_000 } } } as const;
const rateLimited: OrderedFault = {
  kind: 'status',
  status: 429,
  body: errorReply(429, { message: 'Slow down.' }).body,
};
const POLICY = 'Your request was rejected by the safety system.';
const violation = errorReply(400, { message: POLICY, code: 'content_policy_violation' }).body;
const tooLong = { is: BadRequestError, like: { status: 400, code: 'context_length_exceeded' } };
const prefill = { messages: [...messages, { role: 'assistant' as const, content: 'Once upon a time' }] };
const refusesPrefill: OrderedFault = {
  kind: 'status',
  status: 400,
  body: errorReply(400, { message: 'This model does not support assistant message prefill.' }).body,
  when: ({ body }) => (body.messages as { role: string }[]).at(-1)?.role === 'assistant',
};

export const FAULTS: readonly WallFault[] = [
  fault(
    1,
    ['429 with Retry-After 2 s, once', 'the fallback serves at once; without a fallback the call waits for stable'],
    [
      ...bothSettings(
        { faults: { openai: { ...rateLimited, headers: { 'retry-after': '2' }, times: 1 } } },
        { attempts: [failed('rateLimit'), served('fallback', AT_ONCE)], again: 'fallback' },
      ),
      ...bothSettings(
        { faults: { openai: { ...rateLimited, headers: { 'retry-after': '2' }, times: 1 } }, alone: true },
        { attempts: [failed('rateLimit'), served('openai', [2_000, 2_000])], again: 'openai' },
        'no fallback allowed',
      ),
    ],
  ),
  fault(
    2,
    [
      '429 for ever, without Retry-After',
      'the fallback serves at once; without a fallback stable gets the SDK’s two retries',
    ],
    [
      ...bothSettings(
        { faults: { openai: rateLimited } },
        { attempts: [failed('rateLimit'), served('fallback', AT_ONCE)], again: 'fallback' },
      ),
      ...bothSettings(
        { faults: { openai: rateLimited }, alone: true },
        {
          attempts: [failed('rateLimit'), failed('rateLimit', SOON), failed('rateLimit', SOON_AGAIN)],
          fails: { is: RateLimitError, like: { status: 429 } },
          again: 'fallback',
        },
        'no fallback allowed',
      ),
    ],
  ),
  fault(
    3,
    ['one 500', 'stable gets one retry'],
    bothSettings(
      { faults: { openai: { kind: 'status', status: 500, times: 1 } } },
      { attempts: [failed('server'), served('openai', SOON)] },
    ),
  ),
  fault(
    4,
    ['503 for ever', 'stable gets one retry, then the fallback serves'],
    bothSettings({ faults: { openai: overloaded } }, rescuedFrom('server')),
  ),
  fault(
    5,
    ['reset before headers', 'stable gets one retry, then the fallback serves'],
    bothSettings({ faults: { openai: { kind: 'reset' } } }, rescuedFrom('connection')),
  ),
  fault(
    6,
    [
      '120 s of silence',
      'the defaults wait as the SDK does; `failover` gives stable no retry, and the fallback serves after 20 s',
    ],
    [
      scene('defaults', silent, { attempts: [served('openai', AT_ONCE)], endsAtMs: [120_000, 120_000] }),
      scene('failover', silent, { attempts: [failed('timeout firstChunk'), served('fallback', LIMIT)] }),
    ],
  ),
  fault(
    7,
    ['first token after 20 s', 'the call waits for stable, up to the limit of `failover`'],
    [
      scene('defaults', late, { attempts: [served('openai', AT_ONCE)], endsAtMs: LIMIT }),
      scene('failover', late, {
        attempts: [failed('timeout firstChunk'), served('fallback', LIMIT)],
        or: { attempts: [served('openai', AT_ONCE)], endsAtMs: LIMIT },
      }),
    ],
  ),
  fault(
    8,
    ['cut at 40 of 60 tokens', 'the defaults interrupt the stream, `failover` gives a whole one'],
    [
      scene('defaults', { faults: { openai: cut } }, { attempts: [failed('connection')], ...interruptedAfter(40) }),
      scene('failover', { faults: { openai: cut } }, rescuedFrom('connection')),
    ],
  ),
  fault(
    9,
    [
      'stall of 30 s after 20 tokens',
      'the defaults wait as the SDK does; with `failover` the fallback serves after 20 s',
    ],
    [
      scene('defaults', stalled(20), {
        attempts: [served('openai', AT_ONCE)],
        firstAtMs: AT_ONCE,
        endsAtMs: [30_000, 30_000],
      }),
      scene('failover', stalled(20), { attempts: [failed('timeout idle'), served('fallback', LIMIT)] }),
    ],
  ),
  fault(
    10,
    ['malformed tenth event', 'the defaults interrupt the stream, `failover` gives a whole one'],
    [
      scene('defaults', malformedEvent(10), { attempts: [failed('malformed')], ...interruptedAfter(8) }),
      scene('failover', malformedEvent(10), rescuedFrom('malformed')),
    ],
  ),
  fault(
    11,
    ['no [DONE]', 'the answer is complete with its finish_reason, at once'],
    bothSettings({ faults: { openai: { kind: 'noDone' } } }, { attempts: [served('openai', AT_ONCE)] }),
  ),
  fault(
    12,
    [
      'context_length_exceeded',
      'stable gets no retry; a larger model serves if one is configured, or with `failover` any fallback',
    ],
    [
      scene(
        'defaults',
        { faults: { openai: { kind: 'contextLength' } } },
        { attempts: [['openai', 'neutral contextLength', AT_ONCE]], fails: tooLong },
        'no larger model configured',
      ),
      scene(
        'failover',
        { faults: { openai: { kind: 'contextLength' } } },
        { attempts: [['openai', 'neutral contextLength', AT_ONCE], served('fallback', AT_ONCE)] },
        'no larger model configured',
      ),
      ...bothSettings(
        {
          faults: { openai: { kind: 'contextLength' } },
          fallbacks: { default: ['fallback'], contextLength: ['large'] },
        },
        { attempts: [['openai', 'neutral contextLength', AT_ONCE], served('large', AT_ONCE)] },
        'fallbacks.contextLength',
      ),
    ],
  ),
  fault(
    13,
    ['content_policy_violation 400', 'stable gets no retry, and the caller gets the reason'],
    bothSettings(
      { faults: { openai: { kind: 'status', status: 400, body: violation } } },
      {
        attempts: [['openai', 'neutral contentFilter', AT_ONCE]],
        fails: { is: BadRequestError, like: { code: 'content_policy_violation', message: `400 ${POLICY}` } },
      },
    ),
    { rescuable: false },
  ),
  fault(
    14,
    [
      'a fallback that rejects prefill',
      'it gets no prefill from us, and its 400 neither masks the error of stable nor takes its retries',
    ],
    [
      scene(
        'defaults',
        { faults: { openai: cut, fallback: refusesPrefill } },
        { attempts: [failed('connection')], ...interruptedAfter(40) },
        'cut at 40 of 60 tokens',
      ),
      scene(
        'failover',
        { faults: { openai: cut, fallback: refusesPrefill } },
        rescuedFrom('connection'),
        'cut at 40 of 60 tokens',
      ),
      ...bothSettings(
        { faults: { openai: overloaded, fallback: refusesPrefill }, body: prefill },
        {
          attempts: [
            failed('server'),
            failed('server', SOON),
            ['fallback', 'neutral badRequest', SOON],
            failed('server', SOON_AGAIN),
          ],
          fails: { is: InternalServerError, like: { status: 503 } },
          call: 'failure server',
        },
        '503, and the caller’s own prefill',
      ),
    ],
  ),
  fault(
    15,
    [
      '60 s of 503, a call each 4 s',
      'the breaker opens, no call is lost, and stable is back within 15 s of its recovery',
    ],
    outage({ faults: { openai: { ...overloaded, lastsMs: OUTAGE_MS } } }),
  ),
  fault(
    16,
    ['accounting of a fail-over', 'the fallback’s model and usage are reported, and failed attempts are not charged'],
    bothSettings(
      {
        faults: { openai: overloaded },
        fallbackModel: 'spare-model',
        body: { stream_options: { include_usage: true } },
      },
      { ...rescuedFrom('server'), withUsage: true, also: accounting('spare-model') },
    ),
  ),
];

/** An attempt on stable that fails. */
function failed(ends: string, atMs = AT_ONCE): ExpectedAttempt {
  return ['openai', `failure ${ends}`, atMs];
}

function served(by: WallUpstream, atMs: AtMs): ExpectedAttempt {
  return [by, 'success', atMs];
}

/** One retry on stable, then the fallback. */
function rescuedFrom(kind: string): Expectation {
  return { attempts: [failed(kind), failed(kind, SOON), served('fallback', SOON)] };
}

/** The caller got exactly `tokens` tokens, and the error contains their text. */
function interruptedAfter(tokens: number): Pick<Expectation, 'tokens' | 'fails'> {
  const like = { code: 'STREAM_INTERRUPTED', upstream: 'openai', partialText: wordsOf('openai', tokens) };
  return { tokens, fails: { is: StreamInterruptedError, like } };
}

function stalled(tokens: number): { faults: Faults } {
  return { faults: { openai: { kind: 'stall', afterChunks: chunksBefore(tokens), forMs: 30_000 } } };
}

/** A fault at the event with this number, counted from 1. */
function malformedEvent(event: number): { faults: Faults } {
  return { faults: { openai: { kind: 'malformedChunk', chunk: event - 1 } } };
}

/** The number of chunks before token number `tokens`: the role is in a chunk of its own before the first token. */
function chunksBefore(tokens: number): number {
  return 1 + tokens;
}
