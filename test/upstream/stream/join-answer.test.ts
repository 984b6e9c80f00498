/** The chunks of a stream, joined to the answer that the same call would get without streaming. */

import { describe, expect, test } from 'vitest';
import type { Surface } from '../../../src/index.ts';
import { JoinedAnswer } from '../../../src/upstream/stream/join-answer.ts';

function joined(surface: Surface, ...chunks: readonly unknown[]): unknown {
  const answer = new JoinedAnswer(surface);
  const before = structuredClone(chunks);
  for (const chunk of chunks) answer.chunk(chunk);
  // The caller gets the same chunks later.
  expect(chunks).toEqual(before);
  return answer.answer;
}

const delta = (fields: object, choice: object = {}): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 7,
  model: 'm',
  choices: [{ index: 0, delta: fields, finish_reason: null, ...choice }],
});

describe('a chat', () => {
  test('has its text, reason, usage and head', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    const answer = joined(
      'chat',
      delta({ role: 'assistant', content: '' }),
      delta({ content: 'One' }),
      delta({ content: ' two' }, { finish_reason: '' }),
      delta({}, { finish_reason: 'stop' }),
      { choices: [], usage },
    );
    const choice = { index: 0, message: { role: 'assistant', content: 'One two' }, finish_reason: 'stop' };
    expect(answer).toEqual({ id: 'c', object: 'chat.completion', created: 7, model: 'm', choices: [choice], usage });
  });

  test('has its tool calls, in pieces and beside one another', () => {
    const call = (index: number, fields: object): object => delta({ tool_calls: [{ index, ...fields }] });
    const answer = joined(
      'chat',
      call(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      call(0, { function: { arguments: '{"x"' } }),
      call(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } }),
      call(0, { function: { arguments: ':1}' } }),
      delta({}, { finish_reason: 'tool_calls' }),
    );
    const calls = [
      { id: 'a', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'b', function: { name: 'g', arguments: '{}' } },
    ];
    const message = { content: null, tool_calls: calls };
    expect(answer).toMatchObject({ choices: [{ message, finish_reason: 'tool_calls' }] });
  });

  test('has all its choices, reasoning, refusal and logprobs', () => {
    const answer = joined(
      'chat',
      delta({ reasoning_content: 'Hm' }),
      delta({ reasoning_content: '.', refusal: 'N' }),
      delta({ refusal: 'o.' }),
      delta({ content: 'b' }, { index: 1, logprobs: { content: [{ token: 'b' }] } }),
      delta({ content: 'c' }, { index: 1, logprobs: { content: [{ token: 'c' }] } }),
    );
    expect(answer).toMatchObject({
      choices: [
        { index: 0, message: { content: null, reasoning_content: 'Hm.', refusal: 'No.' } },
        { index: 1, message: { content: 'bc' }, logprobs: { content: [{ token: 'b' }, { token: 'c' }] } },
      ],
    });
  });
});

test('a legacy completion has its text', () => {
  const chunk = (text: string, reason: string | null): object => ({
    choices: [{ index: 0, text, finish_reason: reason }],
  });
  const answer = joined('completions', chunk('One', null), chunk(' two', 'stop'));
  expect(answer).toEqual({
    object: 'text_completion',
    choices: [{ index: 0, text: 'One two', finish_reason: 'stop' }],
  });
});

describe('a response', () => {
  const item = { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] };

  test('is that of the last event, with output_text', () => {
    const response = { id: 'r', status: 'completed', output: [item] };
    const answer = joined(
      'responses',
      { type: 'response.created', response: { id: 'r', status: 'in_progress', output: [] } },
      { type: 'response.output_text.delta', delta: 'Hi' },
      { type: 'response.completed', response },
    );
    expect(answer).toEqual({ ...response, output_text: 'Hi' });
  });

  test('has its finished items where the last event leaves them out', () => {
    const answer = joined(
      'responses',
      { type: 'response.output_item.done', item },
      { type: 'response.incomplete', response: { id: 'r', status: 'incomplete', output: [] } },
    );
    expect(answer).toEqual({ id: 'r', status: 'incomplete', output: [item], output_text: 'Hi' });
  });
});
