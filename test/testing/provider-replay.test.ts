import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RateLimitError } from 'openai';
import { expect, test } from 'vitest';
import { splitEvents } from '../../src/testing/answers/sse.ts';
import { startProvider } from '../../src/testing/index.ts';
import { bareClient, drain, messages } from './bare-client.ts';

async function recordings(files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'recordings-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('a model that names a recording, by any of its names, gets it; other models are answered as usual', async () => {
  await using recorded = await recordings({ 'chat/hello.json': '{"choices":[{"message":{"content":"recorded"}}]}' });
  await using provider = await startProvider({ replay: recorded.folder });
  const ai = bareClient(provider);
  const say = async (model: string) =>
    (await ai.chat.completions.create({ model, messages })).choices[0]?.message.content;
  expect(await say('hello')).toBe('recorded');
  expect(await say('chat/hello')).toBe('recorded');
  expect(await say('chat/hello.json')).toBe('recorded');
  expect(await say('goodbye')).toBe('Hello from goodbye.');
});

test('retrieving a model can also name a recording', async () => {
  await using recorded = await recordings({ 'models/hello.json': '{"id":"recorded"}' });
  await using provider = await startProvider({ replay: recorded.folder });
  const ai = bareClient(provider);
  expect((await ai.models.retrieve('models/hello.json')).id).toBe('recorded');
  expect((await ai.models.retrieve('gpt-4.1')).id).toBe('gpt-4.1');
});

test('uses the status and headers of the recording, except those of its connection', async () => {
  await using recorded = await recordings({
    'limited.json': '{"error":{"message":"slow down"}}',
    'limited.meta.json': JSON.stringify({
      response: { status: 429, headers: { 'Retry-After': '3', 'Content-Length': '999', 'Content-Encoding': 'gzip' } },
    }),
  });
  await using provider = await startProvider({ replay: recorded.folder });
  const error: unknown = await bareClient(provider)
    .chat.completions.create({ model: 'limited', messages })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RateLimitError);
  expect((error as RateLimitError).headers?.get('retry-after')).toBe('3');
  expect(String(error)).toContain('slow down');
});

test('sends a recorded stream event by event, so that faults apply inside it', async () => {
  const event = (content: string) => `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
  await using recorded = await recordings({ 'hello.sse': `: comment\n\n${event('a')}${event('b')}data: [DONE]\n\n` });
  await using provider = await startProvider({
    replay: recorded.folder,
    faults: { hello: { kind: 'endEarly', afterChunks: 2 } },
  });
  const stream = await bareClient(provider).chat.completions.create({ model: 'hello', messages, stream: true });
  expect((await drain(stream)).chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual(['a']);
});

test('splitting a recording into events loses nothing', () => {
  for (const text of [
    'data: 1\n\ndata: 2\n\n',
    'data: 1\r\n\r\n\r\ndata: 2\r\n\r\n',
    ': x\n\n\n\nevent: e\ndata: 1',
    '',
  ]) {
    expect(splitEvents(text).join('')).toBe(text);
  }
  expect(splitEvents('data: 1\r\n\r\nevent: e\ndata: 2\n\n')).toEqual(['data: 1\r\n\r\n', 'event: e\ndata: 2\n\n']);
});

const bodies = resolve(process.env['CANARY_DATA'] ?? '../shared/data', 'bodies');

test.skipIf(!existsSync(bodies))(
  'sends every recorded body unchanged (needs the recorded data: CANARY_DATA)',
  async () => {
    await using provider = await startProvider({ replay: bodies });
    const index: { file: string; status: number | null }[] = JSON.parse(
      readFileSync(join(bodies, 'index.json'), 'utf8'),
    );
    const served = index.filter(({ file }) => /\.(json|sse)$/.test(file));
    expect(served.length).toBeGreaterThan(100);
    for (const { file, status } of served) {
      const response = await fetch(`${provider.url}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: file }),
      });
      const received = { file, status: response.status, body: await response.text() };
      expect(received).toEqual({ file, status: status ?? 200, body: readFileSync(join(bodies, file), 'utf8') });
    }
  },
);
