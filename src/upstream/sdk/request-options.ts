/** Adapts the caller's request to one upstream. */

import { AzureOpenAI, type OpenAI } from 'openai';
import type { Call } from '../../domain/call.ts';
import { createBodyPatch } from '../../providers/create-body-patch.ts';
import { upstreamModel } from '../../providers/upstream-model.ts';
import { headerEntries, isSecretName } from './secrets.ts';
import { KEY_HEADER, UPSTREAM_HEADER, markOptions, type RequestMark } from './request-mark.ts';
import type { RequestOptions } from './types.ts';
import { requestedModel, type Upstream } from '../upstream.ts';

/** A request for one upstream. */
export interface UpstreamRequest {
  /** A copy of the caller's options with the same body object, kept for all retries on this upstream. */
  readonly options: RequestOptions;
  /** The requested model. */
  readonly model: string | undefined;
  /** The stream will contain a usage chunk that the caller did not request and must not see. */
  usageAdded: boolean;
  /** The call has credentials of its own: if they are rejected, that says nothing about the upstream's credentials. */
  readonly callersCredentials: boolean;
  /** Records the secrets that were sent. */
  readonly mark: RequestMark;
}

/** `client` will send the request. It is the application's for an upstream without a connection of its own. */
export function optionsFor(upstream: Upstream, client: OpenAI, call: Call, options: RequestOptions): UpstreamRequest {
  const copy: RequestOptions = { ...options };
  const { rules, connection } = upstream.config;
  const patch = createBodyPatch(upstream.refusesUsage ? { ...rules, includeUsage: false } : rules, call, options.body);
  const isForeign = connection.kind !== 'client';
  if (isForeign) stripClientCredentials(copy);
  const mark = markOptions(copy, patch);
  const model = requestedModel(upstream, call);
  if (client instanceof AzureOpenAI) {
    const deployment = rules.model === undefined ? undefined : upstreamModel(rules.model, call);
    copy.path = azurePath(client, deployment, copy);
  }
  const callersCredentials = !isForeign && headerEntries(options.headers).some(([name]) => isSecretName(name));
  return { options: copy, model, usageAdded: patch?.usageAdded ?? false, callersCredentials, mark };
}

/** A copy of options for a client of another provider, without the caller's credentials. */
export function optionsElsewhere<Options extends Partial<RequestOptions>>(options: Options): Options {
  const copy = { ...options };
  stripClientCredentials(copy);
  return copy;
}

/** The address and credentials of a single call are meant for the client's own provider. */
function stripClientCredentials(options: Partial<RequestOptions>): void {
  options.defaultBaseURL = undefined;
  if (options.query) {
    options.query = Object.fromEntries(Object.entries(options.query).filter(([name]) => !isSecretName(name)));
  }
  if (options.headers) options.headers = withoutCredentials(options.headers);
}

/** Azure has the model in the path. The SDK takes it from the body, which is patched only later. */
function azurePath(client: AzureOpenAI, model: string | undefined, options: RequestOptions): string {
  if (model === undefined || !DEPLOYMENT_PATHS.has(options.path) || client.baseURL.includes('/deployments')) {
    return options.path;
  }
  return `/deployments/${encodeURIComponent(model)}${options.path}`;
}

/** The paths of portable calls that Azure serves under a deployment. */
const DEPLOYMENT_PATHS: ReadonlySet<string> = new Set(['/completions', '/chat/completions', '/embeddings']);

/** The headers of a call without those that identify the caller to the client's own provider. */
function withoutCredentials(headers: NonNullable<RequestOptions['headers']>): [string, string | null][] {
  return headerEntries(headers).filter(
    ([name]) => name !== KEY_HEADER && name !== UPSTREAM_HEADER && !isSecretName(name),
  );
}
