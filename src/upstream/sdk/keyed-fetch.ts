/**
 * Sends the requests of an upstream with several API keys: each with the first key that is free, and again with the next one if that key
 * is refused, out of quota or rate-limited. This happens below the SDK, so that a call sees one attempt.
 */

import { APIError, type ClientOptions } from 'openai';
import { fields } from '../../domain/json.ts';
import { classifyFailure } from '../../resilience/failure.ts';
import type { KeyPool } from '../../resilience/key-pool.ts';

/** A `fetch` for the SDK's client of an upstream. */
export type Fetch = NonNullable<ClientOptions['fetch']>;

/** @param send the `fetch` that sends the requests */
export function createKeyedFetch(pool: KeyPool, send: Fetch): Fetch {
  return async (input, init = {}) => {
    const model = pool.hasPauses ? modelOf(init.body) : undefined;
    let index = pool.best(model);
    const tried: number[] = [];
    for (;;) {
      tried.push(index);
      const response = await send(input, withKey(init, pool.secretAt(index)));
      if (response.status < 400 || response.status >= 500) return response;
      const text = await response.text();
      const again = new Response(text, response);
      const failure = classifyFailure(errorOf(response, text), { nowMs: pool.nowMs });
      const requested = modelOf(init.body);
      if (!pool.refused(index, requested, failure) || !isReplayable(init.body)) return again;
      const next = pool.next(requested, tried);
      if (next === undefined || init.signal?.aborted) return again;
      index = next;
    }
  };
}

/** The headers are changed in place where they can be: those that were sent are what errors are cleaned of. */
function withKey(init: RequestInit, key: string): RequestInit {
  const headers = init.headers instanceof Headers ? init.headers : new Headers(init.headers);
  headers.set('authorization', `Bearer ${key}`);
  return { ...init, headers };
}

function modelOf(body: unknown): string | undefined {
  if (typeof body !== 'string') return undefined;
  try {
    const { model } = fields(JSON.parse(body));
    return typeof model === 'string' ? model : undefined;
  } catch {
    return undefined;
  }
}

function isReplayable(body: unknown): boolean {
  return body === undefined || body === null || typeof body === 'string' || body instanceof FormData;
}

/** The error that the SDK would throw. */
function errorOf({ status, headers }: Response, text: string): APIError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return APIError.generate(status, undefined, text, headers);
  }
  const { error = body } = fields(body);
  return APIError.generate(status, { error }, undefined, headers);
}
