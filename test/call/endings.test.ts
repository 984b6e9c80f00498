/** Odd but complete streams reach the caller whole, as through the SDK alone. */

import { setTimeout } from 'node:timers/promises';
import { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { STREAM_BODY, watch, within } from '../support/calls.ts';
import { ROLE, STOP, delta, finish, say } from '../support/chat-steps.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import { events, type StreamStep } from '../support/stream-replies.ts';
import { ManualClock } from '../../src/testing/index.ts';

const PAUSE: StreamStep = { waitMs: 1_200 };
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const usage: StreamStep = { event: { choices: [], usage: USAGE } };
const second = (content: object, choice = {}): StreamStep => delta(content, { index: 1, ...choice });
const tool = (name: string): StreamStep =>
  delta({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name, arguments: '{}' } }] });

interface Ending {
  readonly steps: readonly StreamStep[];
  /** @default true */
  readonly done?: boolean;
}

const ENDINGS: readonly (readonly [string, Ending])[] = [
  [
    'an empty finish_reason on every chunk',
    {
      steps: [
        delta({ content: 'a' }, { finish_reason: '' }),
        PAUSE,
        delta({ content: 'b' }, { finish_reason: '' }),
        STOP,
      ],
    },
  ],
  [
    '"stop" on every chunk',
    {
      steps: [
        delta({ content: 'a' }, { finish_reason: 'stop' }),
        PAUSE,
        delta({ content: 'b' }, { finish_reason: 'stop' }),
      ],
    },
  ],
  [
    'reasoning with "stop" before the answer',
    { steps: [delta({ reasoning_content: 'hm' }, { finish_reason: 'stop' }), PAUSE, say('a'), STOP] },
  ],
  [
    'one choice after the other',
    {
      steps: [
        say('a'),
        STOP,
        PAUSE,
        second({ content: 'b' }),
        PAUSE,
        second({ content: 'c' }),
        second({}, { finish_reason: 'stop' }),
      ],
    },
  ],
  ['usage before the answer', { steps: [usage, ROLE, PAUSE, say('a'), STOP] }],
  ['usage in the middle of the answer', { steps: [say('a'), usage, PAUSE, say('b'), STOP] }],
  [
    'an annotation after the finish',
    {
      steps: [
        say('a'),
        STOP,
        PAUSE,
        { event: { choices: [{ index: 0, delta: {}, finish_reason: null, content_filter_results: { hate: {} } }] } },
      ],
    },
  ],
  ['no finish_reason', { steps: [ROLE, say('a'), PAUSE, say('b')] }],
  ['a tool call without finish_reason', { steps: [ROLE, tool('f'), PAUSE] }],
  ['no [DONE]', { steps: [say('a'), PAUSE, STOP], done: false }],
  ['a long pause after the finish', { steps: [say('a'), STOP, { waitMs: 14_000 }, say('b'), STOP] }],
  ['an answer without content', { steps: [ROLE, STOP] }],
  ['a length limit', { steps: [say('a'), finish('length')] }],
];

type Client = OpenAI;
type Way = (client: Client) => Promise<unknown>;

const body = { ...STREAM_BODY, n: 2 };
const open = (client: Client) => client.chat.completions.create(body);
const WAYS: readonly (readonly [string, Way])[] = [
  ['for await', async (client) => Array.fromAsync(await open(client))],
  ['tee()', async (client) => Promise.all((await open(client)).tee().map((side) => Array.fromAsync(side)))],
  ['toReadableStream()', async (client) => new Response((await open(client)).toReadableStream()).text()],
  ['asResponse()', async (client) => withoutUsage(await (await open(client).asResponse()).text())],
  [
    'stream()',
    async (client) =>
      await client.chat.completions
        .stream({ ...body, n: 1 })
        .finalContent()
        .catch(String),
  ],
];

/** Lets a minute pass. The helper `stream()` sends its request with a timer of the system, so the clock waits for it. */
async function settled<Result>(clock: ManualClock, result: Promise<Result>): Promise<Result> {
  const call = watch(result);
  for (let seconds = 0; seconds < 60 && call.now.state === 'pending'; seconds++) {
    await setTimeout(1);
    await clock.advance(1_000);
  }
  return within(clock, 0, result);
}

/** The events of a raw stream without usage chunks. */
function withoutUsage(text: string): string {
  return text
    .split('\n\n')
    .filter((event) => !event.includes('"choices":[]'))
    .join('\n\n');
}

/** The result without usage chunks: one that the caller did not request is hidden. */
const visible = (result: unknown): unknown =>
  Array.isArray(result)
    ? result.map(visible).filter((chunk) => !isUsage(chunk))
    : typeof result === 'string'
      ? result.replace(/^.*"choices":\[\].*\n/gm, '')
      : result;

function isUsage(chunk: unknown): boolean {
  return typeof chunk === 'object' && chunk !== null && 'choices' in chunk && (chunk.choices as unknown[]).length === 0;
}

describe.each(ENDINGS)('%s', (_name, { steps, ...options }) => {
  test.each(WAYS)(
    'read by %s, is the same as from the SDK alone, with and without another upstream',
    async (_way, read) => {
      const clock = new ManualClock();
      const providers = new ScriptedProviders(clock);
      for (const name of ['openai', 'spare']) providers.usually(name, events(steps, options));
      const settings = { apiKey: 'key', baseURL: 'https://openai.test/v1', fetch: providers.fetch, maxRetries: 0 };
      const upstreams = { spare: { baseURL: 'https://spare.test/v1', apiKey: 'key' } };
      const quiet = { clock, logger: { warn: () => undefined } };
      const bare = await settled(clock, read(new OpenAI(settings)));
      const alone = await settled(clock, read(new CanaryClient({ ...settings, canary: quiet })));
      const beside = await settled(
        clock,
        read(new CanaryClient({ ...settings, canary: { ...quiet, upstreams, fallbacks: ['spare'] } })),
      );
      expect([visible(alone), visible(beside)]).toEqual([visible(bare), visible(bare)]);
      expect(providers.asked).toEqual(['openai', 'openai', 'openai']);
      expect(clock.pendingTimers).toBe(0);
    },
  );
});
