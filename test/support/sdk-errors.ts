/** The errors that the SDK creates from the responses of a provider. */

import { OpenAI, type APIError } from 'openai';

/** A response of a provider. */
export interface ProviderAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The error that the SDK, without retries, throws for this response. A response with status 200 is read as a stream.
 */
export async function sdkErrorFor({ status, body, headers }: ProviderAnswer): Promise<unknown> {
  const fetch = () => Promise.resolve(new Response(body, { status, headers: { ...headers } }));
  const client = new OpenAI({ apiKey: 'test', maxRetries: 0, logLevel: 'off', fetch });
  const stream = status === 200;
  try {
    const answer = await client.chat.completions.create({ model: 'm', messages: [], stream });
    if (stream) for await (const _chunk of answer as AsyncIterable<unknown>);
  } catch (error) {
    return error;
  }
  throw new Error('The SDK took this answer for a success.');
}

/** The SDK's error for a JSON body `{ error }`. */
export function errorResponse(
  status: number,
  error: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  return sdkErrorFor({ status, body: JSON.stringify({ error }), headers });
}

/** The SDK's error for an event `{ error }` within a stream. */
export function errorInStream(error: unknown, headers: Readonly<Record<string, string>> = {}): Promise<APIError> {
  const body = `data: ${JSON.stringify({ error })}\n\n`;
  return sdkErrorFor({
    status: 200,
    body,
    headers: { 'content-type': 'text/event-stream', ...headers },
  }) as Promise<APIError>;
}
