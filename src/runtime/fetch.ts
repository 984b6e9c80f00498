/** A `fetch` that sends OpenAI-shaped requests through a client, for frameworks that take only a `fetch`. */

import { APIConnectionError, APIError, APIUserAbortError, type OpenAI } from 'openai';
import type { RouteOptions } from '../domain/call.ts';
import { ConfigError } from '../domain/errors.ts';
import { checkRoute } from '../call/check-route.ts';
import { routeMetadata } from '../call/route.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';

/** The standard `fetch`, as frameworks call it. */
export type CanaryFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Requests whose path has `/v1/`, or ends with an endpoint that is routed, go through the client: with its credentials, upstreams, retries and
 * fallbacks. Other requests go to the global `fetch` unchanged. Answers are the provider's own, streams included.
 *
 * @param clientOf the client, which does not exist yet when this is called
 * @throws ConfigError
 */
export function createFetch(clientOf: () => OpenAI | undefined, options: RouteOptions): CanaryFetch {
  checkRoute('fetch', options);
  return async (input, init) => {
    const client = clientOf();
    if (!client) throw new ConfigError('canary.fetch', 'should be called after the client is built');
    const request = new Request(input, init);
    const url = new URL(request.url);
    const path = pathOf(url.pathname);
    if (path === undefined) return await fetch(input, init);
    const sent = await requestOptions(request, url, path);
    try {
      return await client.request({ ...sent, __metadata: routeMetadata(options) }).asResponse();
    } catch (error) {
      return asFetchWould(error, request.signal);
    }
  };
}

/** The path below the base URL: `/chat/completions`. */
function pathOf(pathname: string): string | undefined {
  const version = pathname.lastIndexOf('/v1/');
  if (version >= 0) return pathname.slice(version + '/v1'.length);
  return ENDPOINTS.find((endpoint) => pathname.endsWith(endpoint));
}

/** `/chat/completions` before `/completions`, which it ends with. */
const ENDPOINTS = ['/chat/completions', '/completions', '/responses', '/embeddings', '/moderations'];

async function requestOptions(request: Request, url: URL, path: string): Promise<RequestOptions> {
  const { body, contentType } = await bodyOf(request);
  const headers = [...request.headers].filter(([name]) => !REPLACED_HEADERS.has(name));
  if (contentType !== undefined) headers.push(['content-type', contentType]);
  return {
    method: request.method.toLowerCase() as RequestOptions['method'],
    path,
    query: Object.fromEntries(url.searchParams),
    headers,
    body,
    signal: request.signal,
    stream: typeof body === 'object' && body !== null && 'stream' in body && body.stream === true,
  };
}

/** The client sets these. Credentials in them are those that the framework insists on, and are not meant for the upstreams. */
const REPLACED_HEADERS = new Set([
  'authorization',
  'api-key',
  'openai-organization',
  'openai-project',
  'content-length',
  'content-type',
  'host',
]);

/** JSON is parsed, so that the client can route and adapt it. Forms and files are passed on as bytes. */
async function bodyOf(request: Request): Promise<{ body: unknown; contentType?: string }> {
  if (!request.body) return { body: undefined };
  const contentType = request.headers.get('content-type') ?? '';
  const bytes = await request.arrayBuffer();
  try {
    return { body: JSON.parse(new TextDecoder().decode(bytes)) as unknown };
  } catch {
    return { body: new Uint8Array(bytes), contentType };
  }
}

/** A provider's refusal is a response again. A failed connection and an abort reject as those of `fetch`; errors of this package as they are. */
function asFetchWould(error: unknown, signal: AbortSignal): Response {
  if (error instanceof APIUserAbortError) {
    throw signal.reason ?? new DOMException('This operation was aborted', 'AbortError');
  }
  if (error instanceof APIConnectionError) throw new TypeError('fetch failed', { cause: error });
  if (!(error instanceof APIError)) throw error;
  const { status } = error as { readonly status?: number | undefined };
  if (status === undefined) throw error;
  const headers = new Headers(error.headers);
  // The SDK has read and decoded the body.
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name);
  headers.set('content-type', 'application/json');
  const body = error.error === undefined ? { message: error.message } : error.error;
  return new Response(JSON.stringify({ error: body }), { status, headers });
}
