/** Where a client with a `canary` option may look worse than the bare SDK, with reasons. All other differences fail the test. */

import { USAGE_UNASKED } from '../../conformance/support/exceptions.ts';
import { recorded } from '../../conformance/support/recordings.ts';
import type { Rule } from './rules.ts';

export interface Exception {
  readonly why: string;
  /** The names of the columns. Each is needed. */
  readonly columns: readonly string[];
  readonly rules: readonly Rule[];
  /** The names of the behaviours. Each is needed. */
  readonly of: readonly string[];
}

const ALONE = ['canary: {}', 'split'];
const ALL = [...ALONE, 'everything'];

/** Recorded errors with a status of success. */
const ERRORS_AS_200 = [
  recordedBody('authored-by-upstream/azure__prompt-content_filter-error-body__edited-cassette__2877.json', 'plain'),
  recordedBody('vercel-fixtures/openai--openai-error.1.json', 'plain'),
  recordedBody('authored-by-upstream/openai--parallel-tool-call-wrapper.1.chunks.txt', 'responseStream'),
];

const ERROR_FIRST = 'captured-in-issues/openai__200-sse__error_server_is_overloaded.sse';
const FAILED_FIRST = 'captured-in-issues/openai__200-sse__response_failed_server_is_overloaded.sse';
const ERRORS_WITHIN = [
  'chat-sse/groq__gpt-oss-120b__midstream-error-nousage-nodone-reasoning__939.sse',
  'gateways/openrouter__minimax-m2-free__midstream-error-comments-usage-last-withchoices-reasoning-re__2002.sse',
];
const OF_GEMINI = [817, 4524].map((number) => `gemini-native/gemini__x__nousage-nodone-crlf__${number}.sse`);
const STATED_WAITS = ['azure-openai__429__retry_after_seconds.txt', 'openai__429__rate_limit_exceeded_tpm_gpt-4o.json'];

export const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'a wait above `maxRetryAfter` ends in the provider’s error: to wait and to hammer both hurt',
    columns: ALONE,
    rules: ['success', 'bytes'],
    of: both('one 429 with Retry-After: 300', 'one 503 with Retry-After: 300'),
  },
  {
    why: 'a 200 with an error, or without JSON, is a failure: it is requested again, and in the end given as the SDK gives it',
    columns: ALONE,
    rules: ['requests', 'firstByte'],
    of: [
      ...['an HTML 200', 'one HTML 200', 'an empty 200', 'an error with status 200'].map((name) => `${name}, plain`),
      ...both('a 204'),
      'an empty 200, stream',
      'a plain answer that is cut',
      'half of a plain answer',
      'one half of a plain answer',
      'defect: errorsAs200',
      ...ERRORS_AS_200,
    ],
  },
  {
    why: 'a stream that breaks before its first sign of an answer is requested again',
    columns: ALONE,
    rules: ['requests', 'firstByte'],
    of: [
      ...streams('a cut before the first event', 'an error event at first'),
      ...[ERROR_FIRST, FAILED_FIRST].map((file) => recordedBody(file, 'responseStream')),
    ],
  },
  {
    why: 'a wait that the provider states in its message is waited for',
    columns: ALONE,
    rules: ['firstByte'],
    of: STATED_WAITS.flatMap((file) => ['plain', 'raw'].map((way) => recordedBody(`captured-in-issues/${file}`, way))),
  },
  {
    why: 'a stream that ends before its answer does ends in an error, where the SDK ends it as if it were whole',
    columns: ALL,
    rules: ['success'],
    of: [
      ...['stream', 'rawStream', 'tee', 'readable'].map((way) => `an early end after five words, ${way}`),
      'Responses: an early end',
      'Responses: a background job that ends early',
    ],
  },
  {
    why: 'a stream without an answer ends in an error, where the SDK gives an empty stream',
    columns: ALONE,
    rules: ['success'],
    of: [
      ...['an HTML 200', 'one HTML 200', 'an empty 200', 'an error with status 200'].map((name) => `${name}, stream`),
      ...streams('an early end after the role'),
      'JSON for a streamed call',
      'defect: ignoresStream',
      ...OF_GEMINI.flatMap((file) => ['stream', 'rawStream'].map((way) => recordedBody(file, way))),
    ],
  },
  {
    why: 'an answer that the provider reports as failed ends in an error, after all of its events',
    columns: ALL,
    rules: ['success'],
    of: ['Responses: failed', 'Responses: failed after content'],
  },
  {
    why: 'a raw stream with an error event, or with one that is not JSON, is given to its end, and then ends in an error',
    columns: ALL,
    rules: ['success'],
    of: [
      'an error event at first, rawStream',
      'an error event after the role, rawStream',
      'an error event after five words, rawStream',
      'an event that is not JSON, rawStream',
      ...ERRORS_WITHIN.map((file) => recordedBody(file, 'rawStream')),
    ],
  },
  {
    why: 'a failure that is reported before everything else is the error of the call',
    columns: ALONE,
    rules: ['success', 'bytes'],
    of: ['an error event at first, rawStream', recordedBody(FAILED_FIRST, 'responseStream')],
  },
  {
    why: 'usage that the client asked for and its caller did not is hidden, and so is usage that comes unasked',
    columns: ALL,
    rules: ['bytes'],
    of: [
      'a usage chunk before the end, stream',
      'a usage chunk before the end, rawStream',
      'usage in each chunk, stream',
      ...['stream', 'rawStream'].map((way) => recordedBody(USAGE_UNASKED, way)),
    ],
  },
  {
    why: 'the first stream after a refusal of our `stream_options` costs one more request',
    columns: ALONE,
    rules: ['requests', 'firstByte'],
    of: ['stream_options refused with 400', 'stream_options refused with 422'],
  },
  {
    why: 'a raw stream is given in whole events',
    columns: ALONE,
    rules: ['firstByte'],
    of: ['an event in pieces, rawStream'],
  },
  {
    why: 'content that one provider filters is sent to another only if the user says so',
    columns: ['canary'],
    rules: ['success', 'bytes'],
    of: [...both('400 content_policy_violation', '400 content_filter'), 'fault 13, content_policy_violation 400'],
  },
  {
    why: 'a stream that broke after its first words cannot be continued with the words of another upstream',
    columns: ['canary'],
    rules: ['success', 'bytes'],
    of: [
      ...['a cut', 'an early end'].flatMap((name) =>
        ['stream', 'rawStream', 'tee', 'readable'].map((way) => `${name} after five words, ${way}`),
      ),
      ...[
        'an error event after five words',
        'an event that is not JSON',
        'a broken connection after the finish',
      ].flatMap((name) => [`${name}, stream`, `${name}, rawStream`]),
      'a broken connection after [DONE], rawStream',
      'a cut after a stall',
      'fault 10, malformed tenth event',
      'fault 14, a fallback that rejects prefill, cut at 40 of 60 tokens',
      'fault 8, cut at 40 of 60 tokens',
      ...ERRORS_WITHIN.flatMap((file) => ['stream', 'rawStream'].map((way) => recordedBody(file, way))),
      'Responses: a background job that breaks',
      'Responses: a background job that ends early',
      'Responses: a break in the middle',
      'Responses: an early end',
      'Responses: failed after content',
    ],
  },
  {
    why: 'the caller aborts while the canary is still to answer',
    columns: ['canary'],
    rules: ['success', 'bytes'],
    of: [
      ...['plain', 'stream', 'rawStream', 'helper'].flatMap((way) => [
        `aborted without an answer, ${way}`,
        `aborted during a back-off, ${way}`,
      ]),
      ...['plain', 'rawStream', 'helper'].map((way) => `aborted in the middle of its stream, ${way}`),
    ],
  },
  {
    why: 'an id that no process knows is looked for at the other upstreams: to ask for it has no effect',
    columns: ['split'],
    rules: ['requests'],
    of: ['retrieve: 404'],
  },
  {
    why: 'the SDK’s own helper does not accept content after a finish_reason',
    columns: ['canary'],
    rules: ['success', 'bytes'],
    of: ['"stop" on every chunk, helper', '"stop" on every chunk, slowly, helper'],
  },
];

/** Whether an exception allows a harm. */
export function isException(exception: Exception, behaviour: string, column: string, rule: Rule): boolean {
  return exception.columns.includes(column) && exception.rules.includes(rule) && exception.of.includes(behaviour);
}

/** The name of the behaviour; no name where the recorded data is missing. */
function recordedBody(file: string, way: string): string {
  return recorded ? `recorded: ${file}, ${way}` : '';
}

function streams(...names: readonly string[]): string[] {
  return names.flatMap((name) => [`${name}, stream`, `${name}, rawStream`]);
}

function both(...names: readonly string[]): string[] {
  return names.flatMap((name) => [`${name}, plain`, `${name}, stream`]);
}
