/** Makes the caller's request fit one upstream. */

import { AzureOpenAI, type OpenAI } from 'openai';
import type { Call } from '../../domain/call.ts';
import { createBodyPatch } from '../../providers/create-body-patch.ts';
import { upstreamModel } from '../../providers/upstream-model.ts';
import { headerEntries, isSecretName } from './secrets.ts';
import { KEY_HEADER, UPSTREAM_HEADER, markOptions, type RequestMark } from './request-mark.ts';
import type { RequestOptions } from './types.ts';
import type { Upstream } from '../upstream.ts';

/** A request for one upstream. */
export interface UpstreamRequest {
  /** A copy of the caller's options with the same body object, kept for all retries on this upstream. */
  readonly options: RequestOptions;
  /** The model that is asked for. */
  readonly model: string | undefined;
  /** The stream will carry a usage chunk that the caller did not ask for and must not see. */
  readonly usageAdded: boolean;
  /** The caller says for this call who it is: whether that is accepted says nothing about the upstream's own credentials. */
  readonly callersCredentials: boolean;
  /** Knows the secrets that were sent. */
  readonly mark: RequestMark;
}

/** `client` is the one that will send: the application's for an upstream without a connection of its own. */
export function optionsFor(upstream: Upstream, client: OpenAI, call: Call, options: RequestOptions): UpstreamRequest {
  const copy: RequestOptions = { ...options };
  const { rules, connection } = upstream.config;
  const patch = createBodyPatch(rules, call, options.body);
  const isForeign = connection.kind !== 'client';
  if (isForeign) stripClientCredentials(copy);
  const mark = markOptions(copy, patch);
  const model = upstreamModel(rules.model, call);
  if (client instanceof AzureOpenAI) copy.path = azurePath(client, rules.model === undefined ? undefined : model, copy);
  const callersCredentials = !isForeign && headerEntries(options.headers).some(([name]) => isSecretName(name));
  return { options: copy, model, usageAdded: patch?.usageAdded ?? false, callersCredentials, mark };
}

/** A copy for a client of another provider. */
export function optionsElsewhere<Options extends Partial<RequestOptions>>(options: Options): Options {
  const copy = { ...options };
  stripClientCredentials(copy);
  return copy;
}

/** What a caller says for one call about address and credentials is meant for the client's own provider. */
function stripClientCredentials(options: Partial<RequestOptions>): void {
  options.defaultBaseURL = undefined;
  if (options.query) {
    options.query = Object.fromEntries(Object.entries(options.query).filter(([name]) => !isSecretName(name)));
  }
  if (options.headers) options.headers = withoutCredentials(options.headers);
}

/** Azure names its model in the path. The SDK takes it from the body, which is patched only later. */
function azurePath(client: AzureOpenAI, model: string | undefined, options: RequestOptions): string {
  if (model === undefined || !DEPLOYMENT_PATHS.has(options.path) || client.baseURL.includes('/deployments')) {
    return options.path;
  }
  return `/deployments/${encodeURIComponent(model)}${options.path}`;
}

/** The portable calls that Azure serves below a deployment. */
const DEPLOYMENT_PATHS: ReadonlySet<string> = new Set(['/completions', '/chat/completions', '/embeddings']);

/** The caller's headers for one call, less those that name or prove who the caller is to the client's own provider. */
function withoutCredentials(headers: NonNullable<RequestOptions['headers']>): [string, string | null][] {
  return headerEntries(headers).filter(
    ([name]) => name !== KEY_HEADER && name !== UPSTREAM_HEADER && !isSecretName(name),
  );
}
