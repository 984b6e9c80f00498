/** The gateway: an HTTP server in the form of OpenAI's API over a `CanaryClient`. */

import { type CanaryClient, ConfigError } from '../index.ts';
import { type NodeHandler, type Peer, toNodeHandler } from '../http/node-handler.ts';
import { checkDuration } from '../domain/check.ts';
import { administer } from './admin.ts';
import { createAuthorization } from './authorize.ts';
import { type Admission, CallerLimits } from './caller-limits.ts';
import { endpointsOf } from './endpoints.ts';
import { errorResponse } from './error-response.ts';
import { type Forwarded, forwardCall } from './forward-call.ts';
import { InFlightRequests, type OpenRequest } from './in-flight.ts';
import { Listeners, type Listening } from './listeners.ts';
import type { GatewayOptions, ListenOptions } from './options.ts';
import { readCall, readJson } from './read-json.ts';
import { resolveGateway } from './resolve-gateway.ts';
import { explain } from './upstream-response.ts';
import { routeOfHeaders } from './steering.ts';

/** An OpenAI-compatible server over a client. */
export interface Gateway extends AsyncDisposable {
  /** For servers of the Web standard, such as Hono. `peer` is the other end of the connection; without `auth` it should be given. */
  readonly fetch: (request: Request, peer?: Peer) => Promise<Response>;
  /** For `http.createServer()`, Express and the like. */
  readonly node: NodeHandler;
  /** Requests whose response has not ended. */
  readonly inFlight: number;
  /**
   * Listens with limits against slow and endless requests.
   *
   * @throws ConfigError for a host that other machines reach, without `auth`
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /**
   * Stops accepting, lets the requests in flight finish, and aborts those that last longer than `timeoutMs`. `/ready` fails from now on. The client
   * stays open.
   *
   * @param options.timeoutMs 0 or more ms. @default 30_000
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}

/**
 * Serves OpenAI's API through `client`: its upstreams, split, rollouts, retries and budgets serve callers in any language.
 *
 * @throws ConfigError for an invalid option
 * @example
 * const gateway = createGateway(ai, { auth: { web: process.env.WEB_TOKEN } });
 * await gateway.listen({ port: 8787 });
 */
export function createGateway(client: CanaryClient, options: GatewayOptions = {}): Gateway {
  const resolved = resolveGateway(options);
  const { clock, bodyLimitBytes, onError } = resolved;
  const authorization = createAuthorization(options);
  const requests = new InFlightRequests();
  const listeners = new Listeners();
  const limits = new Map([...resolved.callers].map(([name, caller]) => [name, new CallerLimits(name, caller, client)]));

  async function serve(request: Request, peer: Peer): Promise<Response> {
    const url = new URL(request.url);
    const endpoints = endpointsOf(url.pathname);
    if (!endpoints) return notFound(request.method, url.pathname);
    // A HEAD is a GET without its body.
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const endpoint = Object.hasOwn(endpoints, method) ? endpoints[method as 'GET'] : undefined;
    if (!endpoint) return wrongMethod(request.method, url.pathname, Object.keys(endpoints));
    switch (endpoint.kind) {
      case 'health':
        return Response.json({ status: 'ok' });
      case 'ready':
        return Response.json(
          { status: requests.draining ? 'draining' : 'ok' },
          { status: requests.draining ? 503 : 200 },
        );
      case 'metrics':
        return await serveMetrics(request, url.pathname, peer);
      case 'admin':
        return await serveAdmin(endpoint.action, request, url.pathname);
      case 'call':
      case 'item':
        return await serveCall({ endpoint, method, search: url.search }, request, peer);
      default:
        return endpoint satisfies never;
    }
  }

  async function serveMetrics(request: Request, path: string, peer: Peer): Promise<Response> {
    if (!resolved.metrics) return notFound(request.method, path);
    const identity = authorization.metrics(request, peer);
    if (!identity.ok) return identity.response;
    const { read, contentType } = resolved.metrics;
    return new Response(await read(), { headers: { 'content-type': contentType } });
  }

  async function serveAdmin(action: string, request: Request, path: string): Promise<Response> {
    const identity = authorization.admin(request);
    if (!identity) return notFound(request.method, path);
    if (!identity.ok) return identity.response;
    if (request.method === 'GET' || request.method === 'HEAD') return administer(client, action, undefined, '');
    const body = await readJson(request, Math.min(bodyLimitBytes, ADMIN_LIMIT_BYTES));
    return body.ok ? administer(client, action, body.value, identity.name ?? '') : body.response;
  }

  async function serveCall(target: Target, request: Request, peer: Peer): Promise<Response> {
    const identity = authorization.caller(request, peer);
    if (!identity.ok) return identity.response;
    if (requests.draining) return unavailable('The gateway is shutting down.', 'shutting_down');
    if (requests.size >= resolved.maxInFlight) {
      return unavailable('The gateway has too many requests in flight.', 'overloaded');
    }
    const admission = limits.get(identity.name ?? '')?.admit(clock.now()) ?? UNLIMITED;
    if (!admission.admitted) return admission.response;
    const open = requests.begin(request.signal);
    try {
      const body = await readCall(target.endpoint, request, bodyLimitBytes);
      if (body instanceof Response) return release(body, admission, open);
      const routing = routeOfHeaders(request.headers, identity.name, client.canary);
      const headers = forwardedHeaders(request.headers, resolved.forwardHeaders);
      const forwarded = { ...target, body, headers, routing, open, admission };
      return await forwardCall(forwarded, { client, now: () => clock.now(), onError });
    } catch (error) {
      // A header that routes nowhere, or a client that disconnected before the end of its request.
      if (!(error instanceof ConfigError) && !request.signal.aborted) onError(error);
      return release(explain(error, undefined, clock.now()), admission, open);
    }
  }

  const fetch: Gateway['fetch'] = async (request, peer) => {
    try {
      return await serve(request, { remoteAddress: peer?.remoteAddress });
    } catch (error) {
      onError(error);
      return errorResponse({ status: 500, message: 'The gateway failed.', code: 'internal_error' });
    }
  };
  const node = toNodeHandler(fetch, { onError, stallMs: resolved.stallMs });
  const gateway: Gateway = {
    fetch,
    node,
    get inFlight() {
      return requests.size;
    },
    listen: (how) => listeners.listen(node, how ?? {}, authorization.hasTokens),
    async close({ timeoutMs = 30_000 } = {}) {
      const drainMs = checkDuration('close.timeoutMs', timeoutMs, { min: 0 });
      await listeners.close(requests.drain(drainMs));
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
  return gateway;
}

/** What a request asks an upstream for. */
type Target = Pick<Forwarded, 'endpoint' | 'method' | 'search'>;

/** Weights, segments and tasks are small. */
const ADMIN_LIMIT_BYTES = 2 ** 20;

const UNLIMITED: Admission = {
  admitted: true,
  run: (callback) => callback(),
  resetsAtMs: Infinity,
  release: () => undefined,
};

/** A response that no upstream gave ends the request. */
function release(response: Response, admission: Forwarded['admission'], open: OpenRequest): Response {
  admission.release();
  open.end();
  return response;
}

function forwardedHeaders(headers: Headers, names: readonly string[]): Record<string, string> {
  const forwarded: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) forwarded[name] = value;
  }
  return forwarded;
}

function notFound(method: string, path: string): Response {
  return errorResponse({ status: 404, message: `Invalid URL (${method} ${path})`, code: 'unknown_url' });
}

function wrongMethod(method: string, path: string, allowed: readonly string[]): Response {
  const message = `Method ${method} is not allowed for ${path}`;
  return errorResponse({ status: 405, message, code: 'method_not_allowed', headers: { allow: allowed.join(', ') } });
}

function unavailable(message: string, code: string): Response {
  return errorResponse({ status: 503, message, code, headers: { 'retry-after': '1' } });
}
