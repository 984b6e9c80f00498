/** Sends a request of a client through the `CanaryClient`, and its answer back. */

import { APIError } from 'openai';
import { type CanaryClient, type RouteOptions, BudgetExceededError, route } from '../index.ts';
import type { Admission } from './caller-limits.ts';
import type { Endpoint } from './endpoints.ts';
import { errorResponse } from './error-response.ts';
import { explainError, retryAfter } from './error-response.ts';
import type { OpenRequest } from './in-flight.ts';
import { explain, passOn } from './upstream-response.ts';

/** A request that has a place. */
export interface Forwarded {
  readonly endpoint: Extract<Endpoint, { readonly kind: 'call' | 'item' }>;
  readonly method: string;
  /** `?limit=7`, or empty. */
  readonly search: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly routing: RouteOptions;
  readonly open: OpenRequest;
  readonly admission: Extract<Admission, { readonly admitted: true }>;
}

export interface Forwarding {
  readonly client: CanaryClient;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Never rejects. The request ends with its response. */
export async function forwardCall(request: Forwarded, { client, now, onError }: Forwarding): Promise<Response> {
  const { endpoint, method, search, body, headers, routing, open, admission } = request;
  const onEnd = (): void => {
    admission.release();
    open.end();
  };
  const { signal } = open;
  const stream = body ? body['stream'] === true : new URLSearchParams(search).get('stream') === 'true';
  try {
    // The call runs in the context of its budget up to its first `await`, where it is described.
    const response = await admission.run(() =>
      client
        .request({
          method: method.toLowerCase() as 'get',
          // A query would hide from routing and metering which call it is. Only stored items are read with one.
          path: body ? endpoint.path : endpoint.path + search,
          body,
          headers,
          signal,
          stream,
          ...route(routing),
        })
        .asResponse(),
    );
    const upstream = client.canary.last(response)?.upstream;
    const surface = endpoint.path.startsWith('/responses') ? 'responses' : 'other';
    return passOn(response, { upstream, surface, onEnd, signal, now });
  } catch (error) {
    onEnd();
    if (!(error instanceof APIError) && !explainError(error, now())) onError(error);
    if (error instanceof BudgetExceededError && error.per === 'run') return budgetSpent(admission.resetsAtMs, now());
    return explain(error, client.canary.last(error)?.attempts.at(-1)?.upstream, now());
  }
}

/** The budget of a caller, whose requests are one `canary.run()`. */
function budgetSpent(resetsAtMs: number, nowMs: number): Response {
  return errorResponse({
    status: 429,
    message: 'The budget of this token is spent.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    headers: { ...retryAfter(resetsAtMs, nowMs), 'x-should-retry': 'false' },
  });
}
