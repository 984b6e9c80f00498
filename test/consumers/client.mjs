/** The client of all consumers: every call goes to the upstream `next`, whose model names itself in the answer. */

import { CanaryClient } from 'openai-canary';

export const ai = new CanaryClient({
  baseURL: process.env.PROVIDER_URL,
  apiKey: 'test',
  canary: { upstreams: { next: { model: 'next-model' } }, weights: { next: 1 }, logger: { warn: () => undefined } },
});

export const body = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello?' }] };

/** Ends with an error unless both are equal. */
export function expectText(text, expected = 'Hello from next-model.') {
  if (text !== expected) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(text)}`);
}

/** The text of a stream of chat chunks. */
export async function textOf(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

/** The usual calls on a client, wrapped or not: plain, streamed, and with its response. */
export async function expectCalls(client) {
  const answer = await client.chat.completions.create(body);
  expectText(answer.choices[0].message.content);
  expectText(await textOf(await client.chat.completions.create({ ...body, stream: true })));
  const { data, response } = await client.chat.completions.create(body).withResponse();
  expectText(data.choices[0].message.content);
  if (response.status !== 200) throw new Error(`expected status 200, got ${response.status}`);
}
