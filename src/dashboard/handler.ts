/** Answers the requests of the page: its HTML, its events, and what it asks for. */

import { ConfigError, RolloutError } from '../domain/errors.ts';
import { readBody } from '../http/read-body.ts';
import { admit, checkChange } from './admission.ts';
import type { EventHub } from './event-hub.ts';
import type { DashboardPeer, DashboardSettings } from './options.ts';
import type { PageState } from './page-state.ts';
import { parseChange, parseQuestion } from './parse-request.ts';
import { json, SAFE_HEADERS } from './json-response.ts';
import { type Source, StaleError } from './source.ts';

export interface HandlerInput {
  readonly options: DashboardSettings;
  readonly source: Source;
  readonly hub: EventHub;
  readonly state: () => Promise<PageState>;
}

/** A request that has been let in. */
type Route = (request: Request, input: HandlerInput) => Promise<Response>;

/** By the last part of the path, so that the page works wherever it is mounted, also where a framework keeps the prefix. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  events: { GET: openEvents },
  state: { GET: async (_, { state }) => json(200, await state()) },
  samples: { GET: async (_, { options, source }) => sendPairs(options.samples ? source : {}) },
  change: { POST: change },
  explain: { POST: explain },
};
const PAGE: Readonly<Record<string, Route>> = { GET: sendPage };

/** A change has a reason and a few numbers. */
const MAX_BODY_BYTES = 16_384;

export async function handle(request: Request, peer: DashboardPeer, input: HandlerInput): Promise<Response> {
  const routes = routesOf(new URL(request.url).pathname);
  if (!routes) return json(404, { error: 'There is nothing here' });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = Object.hasOwn(routes, method) ? routes[method] : undefined;
  if (!route) return json(405, { error: 'This method is not allowed here' }, { allow: allowed(routes) });
  const isChange = route === change;
  const refusal =
    (method === 'POST' && checkChange(request, input.options)) ||
    (isChange && !input.options.canChange && json(403, { error: 'The page is read-only' })) ||
    (await admit(request, isChange ? 'change' : 'read', peer, input.options));
  if (refusal) return refusal;
  const response = await route(request, input);
  if (request.method !== 'HEAD') return response;
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}

function routesOf(pathname: string): Readonly<Record<string, Route>> | undefined {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  if (Object.hasOwn(ROUTES, name)) return ROUTES[name];
  // The page itself: `/canary/` and `/canary`. Files, such as an icon, do not exist.
  return /^[\w-]*$/.test(name) ? PAGE : undefined;
}

const allowed = (routes: object): string =>
  Object.keys(routes)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');

async function sendPage(): Promise<Response> {
  // Loaded when it is first asked for.
  const {
    page: { html, policy },
  } = await import('./built-page.ts');
  return new Response(html, {
    headers: {
      ...SAFE_HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    },
  });
}

async function openEvents({ headers, signal }: Request, { hub, options }: HandlerInput): Promise<Response> {
  const events = hub.open(headers.get('last-event-id'), signal);
  if (!events) return json(503, { error: `${options.maxClients} pages are open already` }, { 'retry-after': '10' });
  // The header asks nginx not to collect the events.
  return new Response(events, {
    headers: { ...SAFE_HEADERS, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
  });
}

function sendPairs({ pairs }: Partial<Source>): Response {
  return pairs ? json(200, pairs()) : json(404, { error: 'Samples are not shown: set the option samples' });
}

async function explain(request: Request, { source }: HandlerInput): Promise<Response> {
  if (!source.explain) return json(404, { error: 'A store cannot explain a call' });
  return withBody(request, async (body) => json(200, source.explain!(parseQuestion(body))));
}

async function change(request: Request, { source, hub }: HandlerInput): Promise<Response> {
  return withBody(request, async (body) => {
    await source.change(parseChange(body));
    hub.updateSoon();
    // With a store, the process in charge carries it out a moment later.
    return json(202, { accepted: true });
  });
}

async function withBody(request: Request, answer: (body: unknown) => Promise<Response>): Promise<Response> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === 'tooLarge') return json(413, { error: `The body should have at most ${MAX_BODY_BYTES} bytes` });
  try {
    return await answer(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error instanceof SyntaxError) return json(400, { error: 'The body should be JSON' });
    if (error instanceof ConfigError) return json(400, { error: error.message });
    if (error instanceof RolloutError || error instanceof StaleError) return json(409, { error: error.message });
    throw error;
  }
}
