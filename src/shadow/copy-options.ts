/** The request of a copy. */

import type { Call } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import { headerEntries } from '../upstream/sdk/header-entries.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';

/** The body as it is now: an application goes on with its conversation in the very list that it sent. */
export function bodyNow(body: unknown): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = { ...fields(body) };
  for (const name of ['messages', 'input', 'tools']) {
    const list = copy[name];
    if (Array.isArray(list)) copy[name] = [...(list as readonly unknown[])];
  }
  return copy;
}

/**
 * The caller's options with `body`, which `bodyNow` made. The key that makes a request happen only once is left out, since the copy
 * would be taken for the call; an answer of the Responses API, which providers store unless told otherwise, is not stored.
 */
export function copyOptions(
  { surface }: Pick<Call, 'surface'>,
  given: RequestOptions,
  body: Readonly<Record<string, unknown>>,
): RequestOptions {
  const stored = surface === 'responses' && body['store'] === undefined ? { ...body, store: false } : body;
  const options: RequestOptions = { ...given, body: stored };
  delete options.idempotencyKey;
  delete options.signal;
  if (given.headers) options.headers = headerEntries(given.headers).filter(([name]) => name !== 'idempotency-key');
  return options;
}
