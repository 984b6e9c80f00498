/** The parts that the answers of the catalogue are made of. */

import type { ArrivedRequest, ProviderReply } from '../support/behaviour.ts';

/** Bytes of a body, a wait in ms, or a connection that breaks. */
export type Step = string | { readonly waitMs: number } | { readonly breakWith: Error };

/** The words of a whole answer. All providers say as much, in words of their own. */
export function wordsOf(host: string): readonly string[] {
  return Array.from({ length: 12 }, (_, index) => `${host.padEnd(6, '~')}${index} `);
}

export const RESET = new TypeError('terminated', { cause: { code: 'ECONNRESET' } });

/** The connection stays open without a further byte. */
export const HANG: Step = { waitMs: Infinity };

/** A response whose body has these steps. */
export function wire(
  steps: readonly Step[],
  { status = 200, headers = {}, type = 'text/event-stream' }: WireOptions = {},
): ProviderReply {
  return (request) => new Response(bodyOf(request, steps), { status, headers: { 'content-type': type, ...headers } });
}

interface WireOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): ProviderReply {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return () => new Response(text, { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** An error in OpenAI's form. */
export function failed(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  error: object = {},
): ProviderReply {
  return json(
    { error: { message: `Status ${status}.`, type: null, param: null, code: null, ...error } },
    status,
    headers,
  );
}

/** A page of a proxy. */
export function page(status: number): ProviderReply {
  const headers = { 'content-type': 'text/html' };
  return () => new Response(`<html><body><h1>${status}</h1></body></html>`, { status, headers });
}

export function unreachable(code = 'ECONNREFUSED'): ProviderReply {
  return () => Promise.reject(new TypeError('fetch failed', { cause: { code } }));
}

/** One event of a stream. */
export function event(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

export const DONE = event('[DONE]');

/** A chunk with one choice. */
export function delta(content: object, choice: object = {}): string {
  return event({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'gpt-4.1',
    choices: [{ index: 0, delta: content, finish_reason: null, ...choice }],
  });
}

export const ROLE = delta({ role: 'assistant', content: '' });
export const WORDS = wordsOf('own').map((content) => delta({ content }));
export const STOP = delta({}, { finish_reason: 'stop' });

export function usageChunk(choices: readonly object[] = []): string {
  const usage = { prompt_tokens: 10, completion_tokens: 12, total_tokens: 22 };
  return event({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'gpt-4.1', choices, usage });
}

/** A healthy provider, on every surface. */
export function healthy(host: string): ProviderReply {
  const words = wordsOf(host);
  const text = words.join('');
  return (request) => {
    const { body } = request;
    if (request.path.endsWith('/models'))
      return json({ object: 'list', data: [{ id: 'gpt-4.1', object: 'model' }] })(request);
    if (body.stream === true && 'messages' in body) {
      const chunks = words.map((content) => delta({ content }));
      return wire([ROLE, ...chunks, STOP, ...(asksForUsage(request) ? [usageChunk()] : []), DONE])(request);
    }
    if (body.stream === true && 'input' in body) return wire(responseEvents(words))(request);
    if (body.stream === true) return wire(completionEvents(words))(request);
    return json({
      id: 'answer-1',
      object: 'chat.completion',
      created: 0,
      model: body.model,
      status: 'completed',
      choices: [
        { index: 0, message: { role: 'assistant', content: text }, text, finish_reason: 'stop', logprobs: null },
      ],
      output: [messageOf(text)],
      data: [{ object: 'embedding', index: 0, embedding: [0, 1] }],
      usage: { prompt_tokens: 10, completion_tokens: 12, input_tokens: 10, output_tokens: 12, total_tokens: 22 },
    })(request);
  };
}

export function asksForUsage({ body }: Pick<ArrivedRequest, 'body'>): boolean {
  return (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
}

/** An event of the Responses API. */
export function named(type: string, fields: object = {}): string {
  return `event: ${type}\n${event({ type, sequence_number: 0, ...fields })}`;
}

export const CREATED = named('response.created', { response: responseOf('in_progress') });

export function completed(text: string): string {
  return named('response.completed', { response: responseOf('completed', text) });
}

export function textDelta(text: string): string {
  return named('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta: text });
}

function responseEvents(words: readonly string[]): string[] {
  return [CREATED, ...words.map(textDelta), completed(words.join(''))];
}

function responseOf(status: string, text?: string): object {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 0,
    model: 'gpt-4.1',
    status,
    output: text === undefined ? [] : [messageOf(text)],
    usage: text === undefined ? null : { input_tokens: 10, output_tokens: 12, total_tokens: 22 },
  };
}

function messageOf(text: string): object {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content };
}

export function completionChunk(text: string, finish_reason: string | null = null): string {
  const choices = [{ index: 0, text, finish_reason, logprobs: null }];
  return event({ id: 'cmpl-1', object: 'text_completion', created: 0, model: 'gpt-3.5-turbo-instruct', choices });
}

function completionEvents(words: readonly string[]): string[] {
  return [...words.map((word) => completionChunk(word)), completionChunk('', 'stop'), DONE];
}

function bodyOf({ wait, signal }: ArrivedRequest, steps: readonly Step[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const left = [...steps];
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true });
      },
      async pull(controller) {
        for (let step = left.shift(); step !== undefined; step = left.shift()) {
          if (typeof step === 'string') return controller.enqueue(encoder.encode(step));
          if ('breakWith' in step) return controller.error(step.breakWith);
          try {
            await wait(step.waitMs);
          } catch {
            // The abort has already ended the stream.
            return undefined;
          }
        }
        return controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
