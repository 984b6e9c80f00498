/** Decides how a simulated provider answers a request. */

import { contextLengthError, errorReply, type ErrorReply, modelNotFoundError } from '../answers/errors.ts';
import { generate, type Generation } from '../answers/generation.ts';
import type { Reply } from '../answers/reply.ts';
import { promptCharacters } from '../answers/request-body.ts';
import { responseObject } from '../answers/response-object.ts';
import { isSurfacePath, type SurfacePath, SURFACES } from '../answers/surfaces.ts';
import { tokensOf } from '../answers/tokens.ts';
import type { Defects } from '../defects/defect.ts';
import { distortGeneration, distortReply, holdBack } from '../defects/distort.ts';
import { dropIgnored } from '../defects/drop-ignored.ts';
import { disguise, refuse, reword } from '../defects/refuse.ts';
import { applyFault } from '../script/apply-fault.ts';
import { AT_ONCE, bodyScript, errorScript, type Pace, replyScript, type Script } from '../script/script.ts';
import { lognormal, seededRandom } from '../seeded-random.ts';
import { type AccountReply, modelList, modelObject, type StoredResponses, USUAL_MODELS } from './account.ts';
import { drawError, type FaultQueue } from './fault-queue.ts';
import { pathBelowBase, type ReceivedRequest } from './received-request.ts';
import type { Replay } from './replay.ts';
import type { ProviderSettings } from './settings.ts';

/** The settings and the state of a provider. */
export interface ProviderState {
  readonly settings: ProviderSettings;
  readonly faults: FaultQueue;
  readonly responses: StoredResponses;
  readonly replay: Replay | undefined;
  readonly seed: number;
  readonly defects: Defects;
  /** The number of requests in flight. */
  readonly inFlight: () => number;
  /** Part of all ids, to distinguish those of different providers. */
  readonly origin: string;
}

/**
 * The answer to a request, as a script. Checks the key, then applies faults, then looks for a recording, then
 * generates.
 */
export function respond(request: ReceivedRequest, state: ProviderState): Script {
  const { settings, defects } = state;
  const refusal = checkKey(request.headers, settings.apiKey, defects.has('echoesKey'));
  if (refusal !== undefined) return disguise(errorScript(refusal), defects);
  const random = seededRandom(state.seed + Math.imul(request.index, 0x9e3779b1));
  const fault = state.faults.take(request) ?? drawError(settings, random);
  const healthy = healthyScript(request, state, drawLatencyMs(settings, request, random));
  const generated = defects.size === 0 ? healthy : holdBack(disguise(healthy, defects), defects);
  return fault === undefined ? generated : applyFault(fault, generated);
}

function healthyScript(request: ReceivedRequest, state: ProviderState, latencyMs: number): Script {
  const path = pathBelowBase(request.path);
  const { defects, inFlight } = state;
  const refused = defects.size === 0 ? undefined : refuse({ path, body: request.body, inFlight: inFlight() }, defects);
  if (refused) return errorScript(refused.reply, { ...AT_ONCE, latencyMs }, refused.headers);
  const isSurface = request.method === 'POST' && isSurfacePath(path);
  const named = isSurface ? request.model : retrievedModel(request.method, path);
  const pace = { ...AT_ONCE, latencyMs, chunkDelayMs: state.settings.chunkDelayMs ?? 0 };
  const recorded = named === undefined ? undefined : state.replay?.script(named, pace);
  if (recorded) return recorded;
  return isSurface
    ? surfaceScript(path, request, state, latencyMs)
    : jsonScript(accountReply(request.method, path, state));
}

/** The model of GET /models/{model}. */
function retrievedModel(method: string, path: string): string | undefined {
  const [, noun, id] = path.split('/');
  return method === 'GET' && noun === 'models' && id !== undefined ? decodeURIComponent(id) : undefined;
}

function surfaceScript(path: SurfacePath, request: ReceivedRequest, state: ProviderState, latencyMs: number): Script {
  const { settings, responses, defects } = state;
  const { model } = request;
  const body = defects.size === 0 ? request.body : dropIgnored(request.body, defects);
  const pace = { ...AT_ONCE, latencyMs };
  if (model === undefined) {
    return errorScript(errorReply(400, { message: 'you must provide a model parameter' }), pace);
  }
  const refusal = refusalOf(path, request, state);
  if (refusal) return errorScript(reword(refusal, defects), pace);
  const answer = typeof settings.answer === 'function' ? settings.answer(request) : settings.answer;
  const origin = { id: `${state.origin}_${request.index}`, model, nowMs: request.atMs };
  const generated = generate(body, origin, answer, settings.usage?.(request));
  const generation = defects.size === 0 ? generated : distortGeneration(generated, body, defects, request.index);
  const style = settings.usageStyle ?? 'openai';
  if (path === '/responses' && body['store'] !== false) responses.add(responseObject(body, generation, style));
  const written = SURFACES[path](body, generation, style);
  const reply = defects.size === 0 ? written : distortReply(written, defects);
  const headers = { 'x-request-id': `req_${origin.id}`, ...settings.headers };
  return replyScript(reply, paceOf(settings, latencyMs, reply, generation), headers);
}

/** The requests that OpenAI rejects before a model runs. */
function refusalOf(path: SurfacePath, { body, model = '' }: ReceivedRequest, state: ProviderState) {
  const { settings, responses, defects } = state;
  const { models, contextTokens = Infinity } = settings;
  const isKnown = models?.includes(model) !== false || defects.has('answersUnknownModel');
  if (!isKnown) return modelNotFoundError(model, path);
  const { messages, previous_response_id: previous } = body;
  const isBad = path === '/chat/completions' && messages !== undefined && !Array.isArray(messages);
  if (isBad && !defects.has('acceptsBadBody')) return errorReply(400, { message: MESSAGES_TYPE, param: 'messages' });
  const isLong = tokensOf(promptCharacters(body)) > contextTokens;
  if (isLong && !defects.has('swallowsLongPrompts')) return contextLengthError();
  return typeof previous === 'string' && !responses.has(previous) ? previousNotFound(previous) : undefined;
}

const MESSAGES_TYPE = "Invalid type for 'messages': expected an array of objects.";

function previousNotFound(id: string) {
  return errorReply(400, {
    message: `Previous response with id '${id}' not found.`,
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  });
}

function accountReply(method: string, path: string, { settings, responses }: ProviderState): AccountReply {
  const [, noun, id, action] = path.split('/');
  const models = settings.models ?? USUAL_MODELS;
  const known =
    noun === 'responses' && id !== undefined
      ? responses.reply(method, id, action)
      : noun === 'models' && method === 'GET'
        ? modelReply(models, id)
        : undefined;
  return known ?? errorReply(404, { message: `Invalid URL (${method} ${path})`, code: null });
}

function modelReply(models: readonly string[], id: string | undefined): AccountReply {
  if (id === undefined) return modelList(models);
  const name = decodeURIComponent(id);
  return models.includes(name) ? { status: 200, body: modelObject(name) } : modelNotFoundError(name, '/models');
}

function jsonScript({ status, body }: AccountReply): Script {
  return bodyScript(status, { 'content-type': 'application/json' }, [JSON.stringify(body)], AT_ONCE);
}

/**
 * The 401 of a request without the right key, as bearer token or `api-key` header. The key is masked as OpenAI masks
 * it.
 */
function checkKey(
  headers: Readonly<Record<string, string>>,
  expected: string | undefined,
  echoes = false,
): ErrorReply | undefined {
  if (expected === undefined) return undefined;
  const given = headers['authorization']?.replace(/^Bearer\s+/i, '') ?? headers['api-key'];
  if (given === expected) return undefined;
  if (given === undefined || given === '') {
    return errorReply(401, { message: "You didn't provide an API key.", code: null });
  }
  return errorReply(401, { message: `Incorrect API key provided: ${echoes ? given : mask(given)}.` });
}

function mask(key: string): string {
  return key.length <= 12 ? '*'.repeat(key.length) : `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}`;
}

/** The latency before the first byte, in ms. */
function drawLatencyMs({ latencyMs = 0 }: ProviderSettings, request: ReceivedRequest, random: () => number): number {
  if (typeof latencyMs === 'function') return latencyMs(request);
  return typeof latencyMs === 'number' ? latencyMs : lognormal(latencyMs.median, latencyMs.sigma, random);
}

/**
 * The pace of a reply. The time for its tokens passes after the first byte of a stream, and before that of a JSON
 * answer.
 */
function paceOf(
  { tokensPerSecond = Infinity, chunkDelayMs }: ProviderSettings,
  latencyMs: number,
  reply: Reply,
  { tokens }: Generation,
): Pace {
  const generationMs = (tokens.completionTokens / tokensPerSecond) * 1000;
  if (reply.kind === 'json') return { latencyMs, generationMs, chunkDelayMs: 0 };
  return {
    latencyMs,
    generationMs: 0,
    chunkDelayMs: chunkDelayMs ?? generationMs / Math.max(1, reply.chunks.length - 1),
  };
}
