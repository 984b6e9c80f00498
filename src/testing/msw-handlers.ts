/** Request handlers for Mock Service Worker (msw) that answer like OpenAI. */

import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/system-clock.ts';
import { generate } from './answers/generation.ts';
import type { Answer } from './answers/answer.ts';
import { asRecord, modelOf } from './answers/request-body.ts';
import { SURFACES } from './answers/surfaces.ts';
import type { SurfacePath } from './answers/surfaces.ts';
import type { TokenCounts } from './answers/tokens.ts';
import type { UsageStyle } from './answers/usage-style.ts';
import { applyFault } from './script/apply-fault.ts';
import type { Fault } from './script/fault.ts';
import { playAsResponse } from './script/play-as-response.ts';
import type { ResponseClass } from './script/play-as-response.ts';
import { AT_ONCE, replyScript } from './script/script.ts';
import type { Script } from './script/script.ts';

/** The parts of `msw` that are used: pass the module itself, or `{ http, HttpResponse }`. */
export interface Msw<Handler> {
  readonly http: {
    post(path: string, resolver: (info: { request: Request }) => Promise<Response>): Handler;
  };
  readonly HttpResponse: ResponseClass;
}

/** One answer. Fields left out are made up from the request. */
export interface MockReply extends Answer {
  /** Token counts to report. @default four characters per token */
  readonly usage?: Partial<TokenCounts> | undefined;
  /** Where a stream reports its usage. @default 'openai' */
  readonly usageStyle?: UsageStyle | undefined;
  /** The HTTP status. An error status has OpenAI's error for that status as its body. @default 200 */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The complete body, instead of a made-up one. A string is sent unchanged. */
  readonly body?: unknown;
  /** Milliseconds before the answer begins. @default 0 */
  readonly delayMs?: number | undefined;
  /** Milliseconds between the chunks of a stream. @default 0 */
  readonly chunkDelayMs?: number | undefined;
  /** A fault, applied each time this reply is used. To limit it to some requests, use `replies`. */
  readonly fault?: Fault | undefined;
}

/** The answers of a handler. */
export interface MockOptions extends MockReply {
  /** The base URL of the intercepted requests. @default 'https://api.openai.com/v1' */
  readonly baseURL?: string | undefined;
  /** One reply per request; the last one is repeated. Each overrides the other options of the handler. */
  readonly replies?: readonly MockReply[] | undefined;
  /** The clock for delays. @default real time */
  readonly clock?: Clock | undefined;
}

/** One factory of handlers per endpoint. A handler streams its answer if the request asks for a stream. */
export type OpenAIHandlers<Handler> = Readonly<
  Record<'chat' | 'completions' | 'responses' | 'embeddings' | 'moderations', (options?: MockOptions) => Handler>
>;

/**
 * Creates the factories of handlers, using the `msw` of the test.
 * @param defaults options for all handlers
 * @example
 * const mock = createHandlers({ http, HttpResponse });
 * const server = setupServer(mock.chat({ replies: [{ status: 503 }, { text: 'Hi' }] }), mock.embeddings());
 */
export function createHandlers<Handler>(msw: Msw<Handler>, defaults: MockOptions = {}): OpenAIHandlers<Handler> {
  const factory =
    (path: SurfacePath) =>
    (options: MockOptions = {}) =>
      handler(msw, path, { ...defaults, ...options });
  return {
    chat: factory('/chat/completions'),
    completions: factory('/completions'),
    responses: factory('/responses'),
    embeddings: factory('/embeddings'),
    moderations: factory('/moderations'),
  };
}

function handler<Handler>(msw: Msw<Handler>, path: SurfacePath, options: MockOptions): Handler {
  const { baseURL = 'https://api.openai.com/v1', replies = [{}], clock = systemClock, ...shared } = options;
  let answered = 0;
  return msw.http.post(`${baseURL.replace(/\/+$/, '')}${path}`, async ({ request }) => {
    const index = answered++;
    const reply = { ...shared, ...replies[Math.min(index, replies.length - 1)] };
    const body = asRecord(await request.clone().json());
    const script = mockScript(path, body, reply, { id: `msw_${index}`, nowMs: clock.now() });
    return playAsResponse(script, msw.HttpResponse, clock, request.signal);
  });
}

function mockScript(
  path: SurfacePath,
  body: Readonly<Record<string, unknown>>,
  mock: MockReply,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): Script {
  const { status = 200, headers = {}, delayMs = 0, chunkDelayMs = 0 } = mock;
  const pace = { ...AT_ONCE, latencyMs: delayMs, chunkDelayMs };
  const generation = generate(body, { id, nowMs, model: modelOf(body) ?? 'unknown' }, mock, mock.usage);
  const usual = replyScript(SURFACES[path](body, generation, mock.usageStyle ?? 'openai'), pace, headers);
  const whole =
    mock.body !== undefined || status >= 400
      ? applyFault({ kind: 'status', status, headers, body: mock.body }, usual)
      : usual;
  return mock.fault === undefined ? whole : applyFault(mock.fault, whole);
}
