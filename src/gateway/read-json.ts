/** Reads the body of a request as JSON. */

import { readBody } from '../http/read-body.ts';
import type { Endpoint } from './endpoints.ts';
import { errorResponse } from './error-response.ts';

/** A value, or the response that refuses the request. */
export type JsonBody =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly response: Response };

/**
 * Only `application/json` is read: a page of another site can make a browser send a form or a text without asking, and so make calls at the cost of
 * the user who runs a gateway on this machine.
 */
export async function readJson(request: Request, maxBytes: number): Promise<JsonBody> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json *(?:;|$)/i.test(type)) {
    return refused(415, 'The content-type should be application/json.', 'unsupported_media_type');
  }
  const bytes = await readBody(request, maxBytes);
  if (bytes === 'tooLarge') return refused(413, `The body should have at most ${maxBytes} bytes.`, 'body_too_large');
  try {
    return { ok: true, value: JSON.parse(UTF8.decode(bytes)) as unknown };
  } catch {
    return refused(400, 'We could not parse the JSON body of your request.', 'invalid_json');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function refused(status: number, message: string, code: string): JsonBody {
  return { ok: false, response: errorResponse({ status, message, code }) };
}

/** The body of a call, which is an object with what the API requires, or the response that refuses it; `undefined` for a request without a body. */
export async function readCall(
  endpoint: Extract<Endpoint, { readonly kind: 'call' | 'item' }>,
  request: Request,
  maxBytes: number,
): Promise<Response | Readonly<Record<string, unknown>> | undefined> {
  if (endpoint.kind === 'item') return undefined;
  const read = await readJson(request, maxBytes);
  if (!read.ok) return read.response;
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return errorResponse({ status: 400, message: 'The body should be an object.', code: 'invalid_json' });
  }
  const { requires } = endpoint;
  const body = value as Readonly<Record<string, unknown>>;
  if (requires === undefined || (body[requires] !== undefined && body[requires] !== null)) return body;
  const message = `Missing required parameter: '${requires}'.`;
  return errorResponse({ status: 400, message, param: requires, code: 'missing_required_parameter' });
}
