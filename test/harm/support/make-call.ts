/** Makes one call in one of the ways that the SDK offers, and notes what its caller gets and when. */

import type { OpenAI } from 'openai';
import type { Way } from './behaviour.ts';

/** What the caller of one call got. Times are in ms since the call. */
export interface SeenCall {
  readonly ok: boolean;
  /** Name, status and code of the error. */
  readonly error: string | undefined;
  /** Bytes of the answer, whole or not. White space between the members of JSON does not count. */
  readonly bytes: number;
  /** Everything that the caller got, one line for each chunk. */
  readonly text: string;
  /** When the caller had the first of it, or the error. */
  readonly firstMs: number;
  readonly endMs: number;
}

type Take = (part: unknown) => void;

export async function makeCall(
  ai: OpenAI,
  way: Way,
  body: Readonly<Record<string, unknown>>,
  options: OpenAI.RequestOptions | undefined,
): Promise<SeenCall> {
  const startedAtMs = performance.now();
  const parts: string[] = [];
  let firstMs: number | undefined;
  const take: Take = (part) => {
    firstMs ??= performance.now() - startedAtMs;
    parts.push(typeof part === 'string' ? part : (JSON.stringify(part) ?? ''));
  };
  let error: string | undefined;
  try {
    await WAYS[way](ai, body, options, take);
  } catch (thrown) {
    error = named(thrown);
  }
  const endMs = performance.now() - startedAtMs;
  const bytes = way === 'raw' ? compact(parts.join('')).length : parts.reduce((sum, part) => sum + part.length, 0);
  return { ok: error === undefined, error, bytes, text: parts.join('\n'), firstMs: firstMs ?? endMs, endMs };
}

type Make = (
  ai: OpenAI,
  body: Readonly<Record<string, unknown>>,
  options: OpenAI.RequestOptions | undefined,
  take: Take,
) => Promise<void>;

const MESSAGES = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Say hello.' }] };
const INPUT = { model: 'gpt-4.1', input: 'Say hello.' };
const PROMPT = { model: 'gpt-3.5-turbo-instruct', prompt: 'Say hello.' };

// The bodies are those of the SDK's types, but for fields that single behaviours add.
const WAYS: Readonly<Record<Way, Make>> = {
  plain: async (ai, body, options, take) =>
    take(await ai.chat.completions.create({ ...MESSAGES, ...body } as never, options)),
  stream: async (ai, body, options, take) => readAll(await openChat(ai, body, options), take),
  raw: async (ai, body, options, take) =>
    readBytes(await ai.chat.completions.create({ ...MESSAGES, ...body } as never, options).asResponse(), take),
  rawStream: async (ai, body, options, take) => readBytes(await openChat(ai, body, options).asResponse(), take),
  tee: async (ai, body, options, take) => {
    const [left, right] = (await openChat(ai, body, options)).tee();
    await Promise.all([readAll(left, take), readAll(right, take)]);
  },
  readable: async (ai, body, options, take) => {
    const stream = (await openChat(ai, body, options)).toReadableStream();
    const decoder = new TextDecoder();
    for await (const bytes of stream as ReadableStream<Uint8Array>) take(decoder.decode(bytes, { stream: true }));
  },
  helper: async (ai, body, options, take) => {
    const stream = ai.chat.completions.stream({ ...MESSAGES, ...body } as never, options);
    stream.on('content', (text) => take(text));
    take((await stream.finalChatCompletion()).choices);
  },
  withResponse: async (ai, body, options, take) => {
    const { data, response } = await ai.chat.completions
      .create({ ...MESSAGES, ...body } as never, options)
      .withResponse();
    take([response.status, data]);
  },
  parse: async (ai, body, options, take) =>
    take(await ai.chat.completions.parse({ ...MESSAGES, ...body } as never, options)),
  runTools: async (ai, body, options, take) => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: {}, function: () => 'Sunny.' } }];
    take(await ai.chat.completions.runTools({ ...MESSAGES, tools, ...body } as never, options).finalContent());
  },
  // Leaves the stream after its second chunk.
  left: async (ai, body, options, take) => {
    let chunks = 0;
    for await (const chunk of await openChat(ai, body, options)) {
      take(chunk);
      chunks += 1;
      if (chunks === 2) break;
    }
  },
  completion: async (ai, body, options, take) =>
    take(await ai.completions.create({ ...PROMPT, ...body } as never, options)),
  completionStream: async (ai, body, options, take) =>
    readAll((await ai.completions.create({ ...PROMPT, ...body, stream: true } as never, options)) as never, take),
  response: async (ai, body, options, take) => take(await ai.responses.create({ ...INPUT, ...body } as never, options)),
  responseStream: async (ai, body, options, take) =>
    readAll((await ai.responses.create({ ...INPUT, ...body, stream: true } as never, options)) as never, take),
  responseHelper: async (ai, body, options, take) => {
    const stream = ai.responses.stream({ ...INPUT, ...body } as never, options);
    await readAll(stream, take);
    take((await stream.finalResponse()).output);
  },
  retrieve: async (ai, _body, options, take) => take(await ai.responses.retrieve('resp_1', {}, options)),
  models: async (ai, _body, options, take) => {
    for await (const model of ai.models.list(options)) take(model);
  },
  upload: async (ai, _body, options, take) =>
    take(await ai.files.create({ file: new File(['{}'], 'a.jsonl'), purpose: 'batch' }, options)),
  embedding: async (ai, body, options, take) =>
    take(await ai.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello.', ...body } as never, options)),
};

function openChat(ai: OpenAI, body: Readonly<Record<string, unknown>>, options: OpenAI.RequestOptions | undefined) {
  const streamed = { ...MESSAGES, ...body, stream: true } as unknown as OpenAI.ChatCompletionCreateParamsStreaming;
  return ai.chat.completions.create(streamed, options);
}

async function readAll(stream: AsyncIterable<unknown>, take: Take): Promise<void> {
  for await (const chunk of stream) take(chunk);
}

async function readBytes(response: Response, take: Take): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) take(decoder.decode(bytes, { stream: true }));
}

function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function named(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { status, code } = thrown as Error & { status?: unknown; code?: unknown };
  const words = [status, code].filter((word) => typeof word === 'string' || typeof word === 'number');
  return [thrown.constructor.name, ...words].join(' ');
}
