/** The SDK clients that upstreams are reached by, each with the credentials of its own upstream and no others. */

import { AzureOpenAI, OpenAI, type APIPromise, type ClientOptions } from 'openai';
import { applyMark, type PreparedRequest } from './request-mark.ts';
import type { RequestOptions } from './sdk.ts';
import type { Connection } from './upstream.ts';

/**
 * What every upstream takes from the application's client: how the network is reached, where logs go, and the address,
 * for an upstream that is another account there.
 */
export type NetworkOptions = Pick<
  ClientOptions,
  'baseURL' | 'fetch' | 'fetchOptions' | 'logger' | 'logLevel' | 'timeout'
>;

/** Builds the client of an upstream that has a connection of its own. */
export function connect(connection: Exclude<Connection, { kind: 'client' }>, network: NetworkOptions): OpenAI {
  if (connection.kind === 'given') return cloneGiven(connection.client);
  return new UpstreamClient({ ...network, ...connection.options });
}

/** Sends through a client that is not the application's. */
export function sendThrough(client: OpenAI) {
  return (options: RequestOptions, retries: number | null): APIPromise<unknown> => client.request(options, retries);
}

/** A client that takes no default from the environment variables of OpenAI, whose values belong to that provider. */
class UpstreamClient extends OpenAI {
  constructor(options: ClientOptions) {
    const nothing: Record<string, null> = { apiKey: null, adminAPIKey: null, webhookSecret: null };
    super({ ...nothing, organization: null, project: null, ...options });
    // The SDK adds the headers of OPENAI_CUSTOM_HEADERS to the default headers of every client.
    this._options = { ...this._options, defaultHeaders: options.defaultHeaders };
  }

  protected override async prepareRequest(
    request: PreparedRequest,
    context: { url: string; options: RequestOptions },
  ): Promise<void> {
    applyMark(request, context);
    await super.prepareRequest(request as RequestInit, context);
  }
}

type PrepareRequest = (request: PreparedRequest, context: { url: string; options: RequestOptions }) => Promise<void>;

/** A clone with a `prepareRequest` of our own before its own; the user's client stays as it is. */
function cloneGiven(given: OpenAI): OpenAI {
  // Before 7.0 an Azure clone forgot what only Azure knows.
  const azure: object =
    given instanceof AzureOpenAI ? { apiVersion: given.apiVersion, deployment: given.deploymentName } : {};
  const clone = given.withOptions(azure);
  // `prepareRequest` is protected: a hook for subclasses, which this clone stands in for.
  const hooks = clone as unknown as { prepareRequest: PrepareRequest };
  const prepareOwn = hooks.prepareRequest.bind(clone);
  hooks.prepareRequest = async (request, context) => {
    // First: the client may sign what leaves.
    applyMark(request, context);
    await prepareOwn(request, context);
  };
  return clone;
}
