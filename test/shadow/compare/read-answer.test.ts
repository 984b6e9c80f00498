/** The collector reads streams and bodies alike, in bounded memory. */

import { describe, expect, test } from 'vitest';
import { AnswerCollector, MAX_READ_CHARACTERS } from '../../../src/shadow/compare/read-answer.ts';
import type { ReadAnswer, Surface } from '../../../src/index.ts';

function ofChunks(surface: Surface, chunks: readonly unknown[]): ReadAnswer {
  const collector = new AnswerCollector(surface);
  for (const chunk of chunks) collector.chunk(chunk);
  return collector.answer;
}

function ofBody(surface: Surface, body: unknown): ReadAnswer {
  const collector = new AnswerCollector(surface);
  collector.body(body);
  return collector.answer;
}

const delta = (content: object, rest: object = {}): unknown => ({ choices: [{ index: 0, delta: content, ...rest }] });

describe('a chat stream and a chat body give the same answer', () => {
  test('with text', () => {
    const message = { role: 'assistant', content: 'Hello.' };
    const body = { choices: [{ index: 0, message, finish_reason: 'stop' }] };
    const chunks = [delta({ content: 'Hel' }), delta({ content: 'lo.' }), delta({}, { finish_reason: 'stop' })];
    const wanted = { text: 'Hello.', finishReason: 'stop', refused: false, toolCalls: [] };
    expect(ofChunks('chat', chunks)).toEqual({ ...wanted, body: undefined });
    expect(ofBody('chat', body)).toEqual({ ...wanted, body });
  });

  test('with tool calls, including legacy and free-text ones', () => {
    const pay = { name: 'pay', arguments: '{"eur":5}' };
    const body = {
      choices: [
        {
          message: {
            content: null,
            tool_calls: [
              { type: 'function', function: pay },
              { type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } },
            ],
            function_call: { name: 'old', arguments: '{}' },
          },
          finish_reason: 'function_call',
        },
      ],
    };
    const wanted = [pay, { name: 'sql', arguments: 'SELECT 1' }, { name: 'old', arguments: '{}' }];
    expect(ofBody('chat', body)).toMatchObject({ text: '', finishReason: 'tool_calls', toolCalls: wanted });
    const chunks = [
      delta({ tool_calls: [{ index: 0, function: { name: 'pay', arguments: '' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '{"eur"' } }] }),
      delta({ tool_calls: [{ index: 1, custom: { name: 'sql', input: 'SELECT 1' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ':5}' } }] }, { finish_reason: 'function_call' }),
    ];
    expect(ofChunks('chat', chunks)).toMatchObject({ finishReason: 'tool_calls', toolCalls: wanted.slice(0, 2) });
  });

  test('with a refusal and with a filtered answer', () => {
    expect(ofBody('chat', { choices: [{ message: { refusal: 'No.' }, finish_reason: 'stop' }] }).refused).toBe(true);
    expect(ofChunks('chat', [delta({ refusal: 'No.' })]).refused).toBe(true);
    expect(ofChunks('chat', [delta({}, { finish_reason: 'content_filter' })]).refused).toBe(true);
  });
});

test('reads the first of several choices', () => {
  const chunks = [{ choices: [{ index: 1, delta: { content: 'two' } }] }, delta({ content: 'one' })];
  expect(ofChunks('chat', chunks).text).toBe('one');
});

test('reads legacy completions', () => {
  expect(ofBody('completions', { choices: [{ text: 'Hi', finish_reason: 'length' }] })).toMatchObject({
    text: 'Hi',
    finishReason: 'length',
  });
  expect(ofChunks('completions', [{ choices: [{ index: 0, text: 'Hi' }] }]).text).toBe('Hi');
});

describe('a Responses API stream and body give the same answer', () => {
  const message = (content: object): object => ({ type: 'message', content: [content] });
  const cases: [string, object, Partial<ReadAnswer>][] = [
    [
      'with text',
      { status: 'completed', output: [{ type: 'reasoning' }, message({ type: 'output_text', text: 'Hello.' })] },
      { text: 'Hello.', finishReason: 'stop', refused: false },
    ],
    [
      'with function calls',
      { status: 'completed', output: [{ type: 'function_call', name: 'pay', arguments: '{}' }] },
      { finishReason: 'tool_calls', toolCalls: [{ name: 'pay', arguments: '{}' }] },
    ],
    [
      'with a refusal',
      { status: 'completed', output: [message({ type: 'refusal', refusal: 'No.' })] },
      { refused: true },
    ],
    [
      'cut by its limit',
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [] },
      { finishReason: 'length' },
    ],
    [
      'filtered',
      { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] },
      { finishReason: 'content_filter', refused: true },
    ],
  ];

  test.each(cases)('%s', (_name, response, wanted) => {
    expect(ofBody('responses', response)).toMatchObject(wanted);
    expect(ofChunks('responses', [{ type: 'response.completed', response }])).toMatchObject(wanted);
  });
});

test('keeps a bounded number of characters of an endless stream', () => {
  const collector = new AnswerCollector('chat');
  const word = 'word '.repeat(10_000);
  for (let index = 0; index < 200; index += 1) {
    collector.chunk(delta({ content: word, tool_calls: [{ index: index * 1_000, function: { arguments: word } }] }));
  }
  const { text, toolCalls } = collector.answer;
  expect(text.length + toolCalls.reduce((sum, call) => sum + call.arguments.length, 0)).toBe(MAX_READ_CHARACTERS);
});

test.each([undefined, null, 'page', 7, [], { choices: 'none' }, { choices: [null] }, { output: [null, 7] }])(
  'reads the malformed body %j as an empty answer',
  (odd) => {
    for (const surface of ['chat', 'responses'] as const) {
      expect(ofBody(surface, odd)).toMatchObject({ text: '', toolCalls: [] });
      expect(ofChunks(surface, [odd])).toMatchObject({ text: '', toolCalls: [] });
    }
  },
);
