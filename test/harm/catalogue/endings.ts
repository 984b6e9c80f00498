/** The odd ways in which streams go on and end. */

import type { Behaviour, ProviderReply, Way } from '../support/behaviour.ts';
import {
  asksForUsage,
  completed,
  completionChunk,
  CREATED,
  delta,
  DONE,
  event,
  failed,
  HANG,
  healthy,
  json,
  named,
  RESET,
  ROLE,
  STOP,
  textDelta,
  usageChunk,
  wire,
  WORDS,
  type Step,
} from './replies.ts';

const [one = '', ...others] = WORDS;

/** A chat stream, read in each of these ways. */
function chat(name: string, steps: readonly Step[], ways: readonly Way[] = ['stream', 'rawStream']): Behaviour[] {
  return ways.map((way) => ({ name: `${name}, ${way}`, provider: () => wire(steps), way }));
}

const EVERY_WAY: readonly Way[] = ['stream', 'rawStream', 'tee', 'readable', 'helper'];

const choice = (index: number, content: object, finish_reason: string | null = null): string =>
  delta(content, { index, finish_reason });
const withReason = (reason: string): string[] =>
  ['The ', 'answer ', 'goes ', 'on.'].map((content) => delta({ content }, { finish_reason: reason }));
const toolCall = (args: string, fields: object = {}): string =>
  delta({ tool_calls: [{ index: 0, ...fields, function: { arguments: args } }] });
const TOOL = [
  delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
  toolCall('{"city":'),
  toolCall('"Rome"}'),
];
const annotation = event({ choices: [], object: '', prompt_filter_results: [{ prompt_index: 0 }] });
const lateAnnotation = delta({}, { content_filter_offsets: { check_offset: 44 }, content_filter_results: {} });
const errorEvent = event({ error: { message: 'Overloaded.', type: 'overloaded_error', code: 'server_is_overloaded' } });

const chats: Behaviour[] = [
  ...chat('a healthy stream', [ROLE, ...WORDS, STOP, DONE], EVERY_WAY),
  ...chat('no [DONE]', [ROLE, ...WORDS, STOP], EVERY_WAY),
  ...chat('[DONE] and no finish_reason', [ROLE, ...WORDS, DONE], EVERY_WAY.slice(0, 4)),
  ...chat('tool calls, [DONE] and no finish_reason', [ROLE, ...TOOL, DONE]),
  ...chat('tool calls', [ROLE, ...TOOL, delta({}, { finish_reason: 'tool_calls' }), DONE]),
  ...chat("finish_reason '' on every chunk", [ROLE, ...withReason(''), STOP, DONE], EVERY_WAY),
  ...chat(
    "finish_reason '' on every chunk, slowly",
    [ROLE, ...withReason('').flatMap((step) => [step, { waitMs: 900 }]), STOP, DONE],
    EVERY_WAY,
  ),
  ...chat('"stop" on every chunk', [...withReason('stop'), DONE], EVERY_WAY),
  ...chat(
    '"stop" on every chunk, slowly',
    [...withReason('stop').flatMap((step) => [step, { waitMs: 4_000 }]), DONE],
    EVERY_WAY,
  ),
  ...chat('a usage chunk before the end', [ROLE, one, usageChunk(), { waitMs: 2_000 }, ...others, STOP, DONE]),
  ...chat('usage in each chunk', [
    ROLE,
    ...WORDS.map((word) => word.replace(/\}\n\n$/, ',"usage":null}\n\n')),
    STOP,
    DONE,
  ]),
  ...chat('usage in the last chunk', [
    ROLE,
    ...WORDS,
    usageChunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    DONE,
  ]),
  ...chat(
    'one choice after the other',
    [
      ...['a ', 'b '].map((content) => choice(0, { content })),
      choice(0, {}, 'stop'),
      { waitMs: 3_000 },
      ...['c ', 'd '].map((content) => choice(1, { content })),
      choice(1, {}, 'stop'),
      DONE,
    ],
    ['stream', 'rawStream', 'tee'],
  ),
  ...chat('two choices, of which one never finishes', [
    choice(0, { content: 'a' }),
    choice(1, { content: 'b' }),
    choice(0, {}, 'stop'),
    DONE,
  ]),
  ...chat(
    'a late annotation',
    [annotation, ROLE, ...WORDS, STOP, { waitMs: 1_500 }, lateAnnotation, DONE],
    EVERY_WAY.slice(0, 4),
  ),
  ...chat('an end 14 s after the finish', [ROLE, ...WORDS, STOP, { waitMs: 14_000 }, DONE]),
  ...chat('a connection that stays open after [DONE]', [ROLE, ...WORDS, STOP, DONE, HANG], ['stream']),
  ...chat('a broken connection after [DONE]', [ROLE, ...WORDS, STOP, DONE, { breakWith: RESET }]),
  ...chat('a broken connection after the finish', [ROLE, ...WORDS, STOP, { breakWith: RESET }]),
  ...chat('a cut after five words', [ROLE, ...WORDS.slice(0, 5), { breakWith: RESET }], EVERY_WAY.slice(0, 4)),
  ...chat('an early end after five words', [ROLE, ...WORDS.slice(0, 5)], EVERY_WAY.slice(0, 4)),
  ...chat('an early end after the role', [ROLE]),
  ...chat('a cut after the role', [ROLE, { breakWith: RESET }]),
  ...chat('a cut before the first event', [{ breakWith: RESET }]),
  ...chat('only [DONE]', [DONE]),
  ...chat('an error event at first', [errorEvent]),
  ...chat('an error event after the role', [ROLE, errorEvent]),
  ...chat('an error event after five words', [ROLE, ...WORDS.slice(0, 5), errorEvent, DONE]),
  ...chat('an event that is not JSON', [
    ROLE,
    ...WORDS.slice(0, 5),
    'data: {"choices": [\n\n',
    ...WORDS.slice(5),
    STOP,
    DONE,
  ]),
  ...chat('finish_reason length', [ROLE, ...WORDS, delta({}, { finish_reason: 'length' }), DONE]),
  ...chat('finish_reason content_filter', [ROLE, ...WORDS, delta({}, { finish_reason: 'content_filter' }), DONE]),
  ...chat('finish_reason content_filter at once', [ROLE, delta({}, { finish_reason: 'content_filter' }), DONE]),
  ...chat('an unknown finish_reason', [ROLE, ...WORDS, delta({}, { finish_reason: 'eos' }), DONE]),
  ...chat('an empty answer', [ROLE, STOP, DONE]),
  ...chat('a refusal', [ROLE, delta({ refusal: 'I will not.' }), STOP, DONE]),
  ...chat('reasoning only', [ROLE, delta({ reasoning_content: 'Hmm.' }), delta({ reasoning: 'Well.' }), STOP, DONE]),
  ...chat('no role', [...WORDS, STOP, DONE]),
  ...chat('empty choices and foreign fields', [
    event({ object: 'x' }),
    event({ choices: [], id: '' }),
    ...WORDS,
    STOP,
    DONE,
  ]),
  ...chat('chunks without choices', [event({ id: 'a', object: 'ping' }), { waitMs: 100 }, ROLE, ...WORDS, STOP, DONE]),
  ...chat('CRLF, comments and named events', [
    ': OPENROUTER PROCESSING\r\n\r\n',
    ...[ROLE, ...WORDS, STOP, DONE].map((step) => `event: message\r\n${step.replaceAll('\n', '\r\n')}`),
  ]),
  ...chat(
    'an event in pieces',
    [ROLE, ...WORDS, STOP, DONE].flatMap((step) => [step.slice(0, 9), { waitMs: 5 }, step.slice(9)]),
  ),
  ...chat('all events in one piece', [[ROLE, ...WORDS, STOP, DONE].join('')]),
  ...chat('text after [DONE]', [ROLE, ...WORDS, STOP, DONE, one]),
  ...chat('no blank line at the end', [ROLE, ...WORDS, STOP, DONE.trimEnd()]),
  ...chat('an answer of 2 MB', [
    ROLE,
    ...Array.from({ length: 16 }, () => delta({ content: 'x'.repeat(131_072) })),
    STOP,
    DONE,
  ]),
];

/** A provider whose stream has its usage late. */
const lateUsage: ProviderReply = (request) => {
  const usage = asksForUsage(request) ? [{ waitMs: 900 }, usageChunk()] : [];
  return wire([ROLE, ...WORDS, STOP, ...usage, DONE])(request);
};

const refusesOptions =
  (status: number): ProviderReply =>
  (request) =>
    request.body.stream_options === undefined
      ? healthy('own')(request)
      : failed(status, {}, { message: "property 'stream_options' is unsupported" })(request);

const options = (include_usage: boolean): object => ({ stream_options: { include_usage } });

const usages: Behaviour[] = [
  {
    name: 'usage 0.9 s after the finish',
    provider: () => lateUsage,
    way: 'stream',
    calls: [{ body: options(true) as never }],
  },
  { name: 'usage 0.9 s after the finish, unasked', provider: () => lateUsage, way: 'stream' },
  {
    name: 'include_usage: false',
    provider: () => lateUsage,
    way: 'stream',
    calls: [{ body: options(false) as never }],
  },
  ...[400, 422].map((status) => ({
    name: `stream_options refused with ${status}`,
    provider: () => refusesOptions(status),
    way: 'stream' as const,
    calls: [{}, { atMs: 5_000 }, { atMs: 10_000 }],
  })),
];

const kinds: Behaviour[] = [
  { name: 'a stream for a plain call', provider: () => wire([ROLE, ...WORDS, STOP, DONE]) },
  {
    name: 'JSON for a streamed call',
    provider: () => (request) => healthy('own')({ ...request, body: { ...request.body, stream: false } }),
    way: 'stream',
  },
  { name: 'a plain answer without choices', provider: () => json({ id: 'a', object: 'chat.completion', choices: [] }) },
  { name: 'a plain answer of null content', provider: () => json(plainOf({ content: null })) },
  { name: 'a plain answer that is filtered', provider: () => json(plainOf({ content: '' }, 'content_filter')) },
  { name: 'a healthy plain answer', provider: () => healthy('own') },
  { name: 'a healthy raw answer', provider: () => healthy('own'), way: 'raw' },
  { name: 'healthy embeddings', provider: () => healthy('own'), way: 'embedding' },
  { name: 'embeddings at 503', provider: () => failed(503), way: 'embedding' },
];

function plainOf(message: object, finish_reason = 'stop'): object {
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }];
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: 'gpt-4.1', choices };
}

function responses(name: string, steps: readonly Step[], body: object = {}): Behaviour {
  return {
    name: `Responses: ${name}`,
    provider: () => wire(steps),
    way: 'responseStream',
    calls: [{ body: body as never }],
  };
}

const preview = named('response.image_generation_call.partial_image', {
  partial_image_b64: 'AAAA',
  partial_image_index: 0,
});
const search = named('response.web_search_call.searching', { item_id: 'ws_1', output_index: 0 });
const incomplete = named('response.incomplete', { response: { id: 'resp_1', status: 'incomplete', output: [] } });
const failedResponse = named('response.failed', {
  response: { id: 'resp_1', status: 'failed', output: [], error: { code: 'server_error', message: 'Failed.' } },
});
const asked = { background: true };

const responseStreams: Behaviour[] = [
  responses('healthy', [CREATED, textDelta('Hello.'), completed('Hello.')]),
  responses('image previews', [CREATED, { waitMs: 4_000 }, preview, { waitMs: 40_000 }, preview, completed('')]),
  responses('web searches', [CREATED, search, { waitMs: 45_000 }, search, textDelta('Found.'), completed('Found.')]),
  responses('a background job', [CREATED, { waitMs: 50_000 }, textDelta('Done.'), completed('Done.')], asked),
  responses('a background job that breaks', [CREATED, { waitMs: 1_000 }, { breakWith: RESET }], asked),
  responses('a background job that ends early', [CREATED, { waitMs: 1_000 }], asked),
  responses('a break before content', [CREATED, { breakWith: RESET }]),
  responses('a break in the middle', [CREATED, textDelta('Hel'), { breakWith: RESET }]),
  responses('an early end', [CREATED, textDelta('Hel')]),
  responses('incomplete', [CREATED, textDelta('Hel'), incomplete]),
  responses('failed', [CREATED, failedResponse]),
  responses('failed after content', [CREATED, textDelta('Hel'), failedResponse]),
  responses('an error event', [CREATED, named('error', { code: 'server_error', message: 'Failed.' })]),
  responses('[DONE] at the end', [CREATED, textDelta('Hello.'), completed('Hello.'), DONE]),
  responses('thinking for 5 min', [CREATED, { waitMs: 300_000 }, textDelta('Hello.'), completed('Hello.')]),
  { name: 'Responses: plain', provider: () => healthy('own'), way: 'response' },
  { name: 'Responses: plain at 503', provider: () => failed(503), way: 'response' },
];

const completions: Behaviour[] = [
  { name: 'legacy completions: healthy', provider: () => healthy('own'), way: 'completion' },
  { name: 'legacy completions: stream', provider: () => healthy('own'), way: 'completionStream' },
  ...(
    [
      ["finish_reason '' on every chunk", ['a ', 'b '].flatMap((text) => [completionChunk(text, ''), { waitMs: 900 }])],
      ['"stop" on every chunk', ['a ', 'b '].flatMap((text) => [completionChunk(text, 'stop'), { waitMs: 900 }])],
      ['no finish_reason', ['a ', 'b '].map((text) => completionChunk(text))],
    ] as const
  ).map(([name, steps]) => ({
    name: `legacy completions: ${name}`,
    provider: () => wire([...steps, DONE]),
    way: 'completionStream' as const,
  })),
];

export const endings: readonly Behaviour[] = [...chats, ...usages, ...kinds, ...responseStreams, ...completions];
