/** What a call and its upstream are in the words of the conventions. */

import type { Attributes } from '@opentelemetry/api';
import type { TracedCall } from '../index.ts';
import { fields } from '../domain/json.ts';
import { ATTRIBUTES, OWN, REQUEST_PARAMETERS } from './semconv.ts';

/** The operation of a call; `undefined` for calls that ask no model, such as the upload of a file. */
export function operationOf({ surface, paid, method, path }: TracedCall): string | undefined {
  if (surface !== 'other') return OPERATIONS[surface];
  if (paid !== undefined) return paid === 'job' ? undefined : 'generate_content';
  return method === 'get' && /^\/responses\/[^/]+$/.test(path) ? 'fetch_response' : undefined;
}

/** The conventions have no name for moderations. */
const OPERATIONS = {
  chat: 'chat',
  responses: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
  moderations: 'moderation',
} as const;

/** What is known of a call when it begins: samplers see these attributes. */
export function requestAttributes(operation: string, { surface, model, stream, task, body }: TracedCall): Attributes {
  const attributes: Attributes = { [ATTRIBUTES.operation]: operation };
  if (model !== undefined) attributes[ATTRIBUTES.requestModel] = model;
  if (stream) attributes[ATTRIBUTES.requestStream] = true;
  if (task !== undefined) attributes[OWN.task] = task;
  if (surface === 'chat') attributes[ATTRIBUTES.apiType] = 'chat_completions';
  if (surface === 'responses') attributes[ATTRIBUTES.apiType] = 'responses';
  const stated = fields(body);
  for (const [field, name, type] of REQUEST_PARAMETERS) {
    const value = stated[field];
    if (typeof value === type && (typeof value === 'number' || typeof value === 'string')) attributes[name] = value;
  }
  return attributes;
}

/** The most addresses that are remembered: a client has a few. */
const MAX_ADDRESSES = 100;

/** Provider and address of upstreams, by their base URL. */
export class Endpoints {
  readonly #known = new Map<string, Attributes>();

  of(baseURL: string): Attributes {
    let endpoint = this.#known.get(baseURL);
    if (!endpoint) {
      endpoint = endpointOf(baseURL);
      if (this.#known.size < MAX_ADDRESSES) this.#known.set(baseURL, endpoint);
    }
    return endpoint;
  }
}

function endpointOf(baseURL: string): Attributes {
  const url = URL.parse(baseURL);
  if (!url) return { [ATTRIBUTES.provider]: DEFAULT_PROVIDER };
  const { hostname, port, protocol } = url;
  const provider = PROVIDERS.find(([host]) => hostname === host || hostname.endsWith(`.${host}`))?.[1];
  return {
    [ATTRIBUTES.provider]: provider ?? DEFAULT_PROVIDER,
    [ATTRIBUTES.serverAddress]: hostname,
    [ATTRIBUTES.serverPort]: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
  };
}

/** Says which format a relay speaks; its address tells it apart from OpenAI. */
const DEFAULT_PROVIDER = 'openai';

const PROVIDERS: readonly (readonly [host: string, provider: string])[] = [
  ['openai.azure.com', 'azure.ai.openai'],
  ['services.ai.azure.com', 'azure.ai.inference'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['deepseek.com', 'deepseek'],
  ['groq.com', 'groq'],
  ['mistral.ai', 'mistral_ai'],
  ['moonshot.ai', 'moonshot_ai'],
  ['moonshot.cn', 'moonshot_ai'],
  ['x.ai', 'x_ai'],
  ['perplexity.ai', 'perplexity'],
  ['anthropic.com', 'anthropic'],
  ['cohere.com', 'cohere'],
];
