/** A probe of aimock, an independent server of the OpenAI API: supported features pass, missing ones fail. */

import { LLMock } from '@copilotkit/aimock';
import { expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';

const numbers = (last: number) => Array.from({ length: last }, (_, index) => index + 1).join(' ');
const weather = (city: string) => ({ name: 'get_weather', arguments: JSON.stringify({ city, days: 3 }) });

/** The answers to the prompts of the probe, selected by patterns of the mock. */
function answers(mock: LLMock): LLMock {
  return mock
    .onMessage(/Paris and in Tokyo/, { toolCalls: [weather('Paris'), weather('Tokyo')] })
    .onMessage(/weather be in Paris over/, { toolCalls: [weather('Paris')] })
    .onMessage(/single word: pong/, { content: 'pong' })
    .onMessage(/single word: read/, { content: 'read' })
    .onMessage(/from 1 to 60/, { content: numbers(60) })
    .onMessage(/from 1 to 300/, { content: numbers(300) })
    .onMessage(/from 1 to 200/, { content: numbers(8), finishReason: 'length' })
    .onMessage(/from 1 to 9,/, { content: '1 2 3 4 5 ' })
    .onMessage(/stripes/, { content: 'Blue, yellow and red.' })
    .onMessage(/random numbers/, { content: '4, 8, 15' })
    .onMessage(/capital of France/, { content: '{"city":"Paris","river":"Seine"}' })
    .onMessage(/Plan a trip/, {
      content: '{"destination":"Paris","length_in_days":3,"means_of_travel":["train"]}',
    })
    .onEmbedding(/./, { embedding: Array.from({ length: 1536 }, () => 1 / Math.sqrt(1536)) });
}

test('aimock passes the checks of the features that it supports', async () => {
  const mock = answers(new LLMock({ port: 0 }));
  await mock.start();
  try {
    await using ai = new CanaryClient({
      apiKey: 'sk-home-0123456789abcdef',
      canary: {
        upstreams: { aimock: { baseURL: `${mock.url}/v1`, apiKey: 'mock', model: 'gpt-4.1' } },
        logger: { warn: () => undefined },
      },
    });
    const { checks, findings } = await ai.canary.probe('aimock', { embeddingModel: 'text-embedding-3-small' });
    const by = (status: string) => checks.filter((check) => check.status === status).map(({ name }) => name);
    // The mock answers from fixtures and ignores these parameters and the model.
    expect(by('fail')).toEqual(['embeddingDimensions', 'choices', 'logprobs', 'unknownModel']);
    expect(by('unsupported')).toEqual([]);
    expect(by('skipped')).toEqual(['contextLength', 'retryAfter']);
    expect(by('pass')).toHaveLength(23);
    expect(findings).toEqual([]);
  } finally {
    await mock.stop();
  }
});
