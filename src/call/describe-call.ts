/** Describes a request as a `Call`: all that routing needs to know of it. */

import type { Call, PaidService, RouteOptions, Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import { bodyField } from '../pricing/media-usage.ts';
import { requirementsOf } from '../providers/requirements.ts';
import { sealedInput } from '../providers/sealed-items.ts';
import { resolveKey, type KeyOption } from '../routing/key.ts';
import { headerEntries } from '../upstream/sdk/secrets.ts';
import { KEY_HEADER, UPSTREAM_HEADER } from '../upstream/sdk/request-mark.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import { routeOf, type RunContext } from './route.ts';

/** What describes a call beside its request. */
export interface CallSurroundings {
  readonly id: number;
  readonly startedAtMs: number;
  /** The options of the surrounding `canary.run()`. */
  readonly context: RunContext | undefined;
  /** The user's `key` function, which does not throw. Used only if the call names no key. */
  readonly keyOption: KeyOption | undefined;
  /** The key made from the conversation of a call. Used only if the call has no other key. */
  readonly conversationKey?: ((surface: Surface, body: unknown) => string | undefined) | undefined;
  /** `false` skips the key and the requirements, for calls that are not routed. */
  readonly keyed: boolean;
}

export function describeCall(options: RequestOptions, surroundings: CallSurroundings): Call {
  const { context, keyed, keyOption } = surroundings;
  const { body } = options;
  const route = routeOf(options);
  const headers = options.headers ? steeringHeaders(options.headers) : NO_HEADERS;
  const { model, stream, previous_response_id, conversation } = fields(body);
  const method = options.method.toLowerCase();
  const surface = (method === 'post' && SURFACES.get(options.path)) || 'other';
  const paid = surface === 'other' && method === 'post' ? PAID_SERVICES.get(options.path) : undefined;
  const call: Draft = {
    id: surroundings.id,
    startedAtMs: surroundings.startedAtMs,
    surface,
    ...(paid && { paid }),
    method,
    path: options.path,
    model: typeof model === 'string' ? model : formModel(paid, body),
    stream: options.stream === true || stream === true,
    replayable: isReplayable(body),
    key: undefined,
    keySource: undefined,
    task: route?.task ?? context?.task,
    attributes: attributesOf(route, context),
    forcedUpstream: route?.upstream ?? headers.upstream ?? context?.upstream,
    maxCostUsd: route?.maxCostUsd ?? context?.maxCostUsd,
    ...(context?.spendLimits && { spendLimits: context.spendLimits }),
    fallbacks: route?.fallbacks ?? context?.fallbacks ?? true,
    streamMode: route?.stream ?? context?.stream,
    accept: route?.accept ?? context?.accept,
    shadow: route?.shadow ?? context?.shadow ?? true,
    requirements: keyed ? requirementsOf(body, surface) : NO_REQUIREMENTS,
    toolRun: toolRunOf(options),
    ownedId: surface === 'responses' ? (idOf(previous_response_id) ?? idOf(conversation)) : responseIdIn(options.path),
    sealedItems: keyed ? sealedInput(surface, body) : undefined,
  };
  if (!keyed) return call;
  const request = { body, headersOf: () => headersOf(options.headers) };
  const key = resolveKey({
    route: route?.key,
    context: context?.key,
    header: headers.key,
    option: keyOption && (() => keyOption(call, request)),
    body,
    conversation: () => surroundings.conversationKey?.(surface, body),
  });
  call.key = key?.key;
  call.keySource = key?.source;
  return call;
}

/** A call whose key is not resolved yet. */
type Draft = { -readonly [field in keyof Call]: Call[field] };

const NO_HEADERS: { readonly key?: string; readonly upstream?: string } = {};
const NO_REQUIREMENTS: Call['requirements'] = new Set();
const NO_ATTRIBUTES: Call['attributes'] = {};

/** The identity of a tool run: all turns of a `runTools` share one signal. Before SDK 7.0 the helper named itself in a header. */
function toolRunOf({ __metadata, headers, signal }: RequestOptions): object | undefined {
  if (!signal) return undefined;
  const helper = __metadata?.helperMethod ?? (headers && headerOf(headers, 'x-stainless-helper-method'));
  return helper === 'runTools' ? signal : undefined;
}

function headerOf(headers: unknown, name: string): string | null | undefined {
  return headerEntries(headers).find(([entry]) => entry === name)?.[1];
}

function attributesOf(route: RouteOptions | undefined, context: RouteOptions | undefined): Call['attributes'] {
  if (route?.attributes && context?.attributes) return { ...context.attributes, ...route.attributes };
  return route?.attributes ?? context?.attributes ?? NO_ATTRIBUTES;
}

/** Calls that another account can serve as well. */
const SURFACES: ReadonlyMap<string, Surface> = new Map([
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/responses', 'responses'],
  ['/embeddings', 'embeddings'],
  ['/moderations', 'moderations'],
]);

const PAID_SERVICES: ReadonlyMap<string, PaidService> = new Map([
  ['/images/generations', 'images'],
  ['/images/edits', 'images'],
  ['/images/variations', 'images'],
  ['/audio/speech', 'speech'],
  ['/audio/transcriptions', 'transcription'],
  ['/audio/translations', 'transcription'],
  ['/videos', 'video'],
  ['/batches', 'job'],
  ['/fine_tuning/jobs', 'job'],
]);

function formModel(paid: PaidService | undefined, body: unknown): string | undefined {
  const model = paid === undefined ? undefined : bodyField(body, 'model');
  return typeof model === 'string' ? model : undefined;
}

function steeringHeaders(headers: unknown): { key?: string; upstream?: string } {
  const steering: { key?: string; upstream?: string } = {};
  for (const [name, value] of headerEntries(headers)) {
    if (!value) continue;
    if (name === KEY_HEADER) steering.key = value;
    if (name === UPSTREAM_HEADER) steering.upstream = value;
  }
  return steering;
}

/** A copy, which the user's `key` function can read. */
function headersOf(headers: unknown): Headers {
  return new Headers(headerEntries(headers).filter((entry): entry is [string, string] => entry[1] !== null));
}

/** The id of the response in a path such as `/responses/resp_1/cancel`. */
export function responseIdIn(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/responses/')) return undefined;
  return /^\/responses\/([^/?]+)/.exec(path)?.[1];
}

function idOf(value: unknown): string | undefined {
  const id = typeof value === 'object' ? fields(value).id : value;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** Streams and iterators are one-shot bodies: they can be sent only once. */
function isReplayable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return true;
  if (body instanceof ReadableStream || Symbol.asyncIterator in body) return false;
  return !('next' in body && typeof body.next === 'function');
}
