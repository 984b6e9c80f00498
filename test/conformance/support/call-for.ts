/** Repeats the call that a recorded body answered, and collects what its caller sees. */

import type { APIPromise, OpenAI } from 'openai';
import { Page } from 'openai/core/pagination';
import type { Recording } from './recordings.ts';

/** Makes the recorded call, with the name of the recording as its model. */
export function callFor(ai: OpenAI, { file, surface, stream, request }: Recording): APIPromise<unknown> {
  const body = { ...request, model: file, ...(stream && { stream: true }) };
  // Providers accepted the recorded requests, even where they do not match the SDK's types.
  switch (surface) {
    case 'chat':
      return ai.chat.completions.create({ messages: [{ role: 'user', content: 'Hello.' }], ...body } as never);
    case 'completions':
      return ai.completions.create({ prompt: 'Hello', ...body } as never);
    case 'responses':
      return ai.responses.create({ input: 'Hello.', ...body } as never);
    case 'embeddings':
      return ai.embeddings.create({ input: 'Hello.', ...body } as never);
    case 'models':
      return file.endsWith('__3652.json')
        ? ai.getAPIList<unknown, Page<unknown>>(`/models/${encodeURIComponent(file)}`, Page)
        : ai.models.retrieve(file);
    default:
      return surface satisfies never;
  }
}

/** The text of the raw answer as far as it was received, and what rejected, if anything. */
export async function rawText(call: APIPromise<unknown>): Promise<{ text: string; rejected?: 'call' | 'body' }> {
  const response = await call.asResponse().catch(() => undefined);
  if (!response) return { text: '', rejected: 'call' };
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
  } catch {
    return { text, rejected: 'body' };
  }
  return { text };
}

/** What the caller gets. */
export interface Seen {
  /** The value as JSON; `undefined` for a stream. */
  readonly value: string | undefined;
  readonly requestId: unknown;
  /** The chunks of a stream, each as JSON. */
  readonly chunks: readonly string[];
  readonly error: SeenError | undefined;
}

/** The visible parts of an error. */
export interface SeenError {
  readonly thrownBy: 'call' | 'stream';
  /** The class itself, not its name. */
  readonly class: unknown;
  readonly status: unknown;
  readonly code: unknown;
  readonly type: unknown;
  readonly param: unknown;
  readonly requestId: unknown;
  readonly message: string;
  /** The error's body, as JSON. */
  readonly body: string | undefined;
  readonly cause: SeenError | undefined;
}

/** Reads an answer to its end. */
export async function see(call: PromiseLike<unknown>): Promise<Seen> {
  const chunks: string[] = [];
  let thrownBy: SeenError['thrownBy'] = 'call';
  try {
    const answer = await call;
    const requestId = (answer as { _request_id?: unknown } | undefined)?._request_id;
    if (!isStream(answer)) return { value: JSON.stringify(visible(answer)), requestId, chunks, error: undefined };
    thrownBy = 'stream';
    for await (const chunk of answer) chunks.push(JSON.stringify(chunk));
    return { value: undefined, requestId, chunks, error: undefined };
  } catch (error) {
    return { value: undefined, requestId: undefined, chunks, error: seenError(error, thrownBy) };
  }
}

/** The visible part of an answer. A page also holds its client and its options, which are left out. */
function visible(answer: unknown): unknown {
  return answer instanceof Page ? { object: answer.object, data: answer.data } : answer;
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && 'controller' in answer && Symbol.asyncIterator in answer;
}

function seenError(thrown: unknown, thrownBy: SeenError['thrownBy']): SeenError {
  const { constructor, status, code, type, param, requestID, message, error, cause } = thrown as Error &
    Record<string, unknown>;
  return {
    thrownBy,
    class: constructor,
    status,
    code,
    type,
    param,
    requestId: requestID,
    message,
    body: JSON.stringify(error),
    cause: cause instanceof Error ? seenError(cause, thrownBy) : undefined,
  };
}
