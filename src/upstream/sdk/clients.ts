/** The SDK clients of the upstreams, each with only the credentials of its own upstream. */

import { AzureOpenAI, type ClientOptions, OpenAI } from 'openai';
import { sdkClass } from '../../domain/sdk-class.ts';

import type { KeyPool } from '../../resilience/key-pool.ts';
import type { Connection, Upstream } from '../upstream.ts';
import { createKeyedFetch, type Fetch } from './keyed-fetch.ts';
import { showControllers } from './request-controller.ts';
import { keepUserAgent } from './user-agent.ts';
import { applyMark, type PreparedFor, type PreparedRequest } from './request-mark.ts';
import { type SendRequest, createSender } from './send.ts';

/**
 * What every upstream inherits from the application's client: network settings, logging, and the address, for an upstream that is
 * another account at the same address.
 */
export type NetworkOptions = Pick<
  ClientOptions,
  'baseURL' | 'fetch' | 'fetchOptions' | 'logger' | 'logLevel' | 'timeout'
>;

/** Builds the client of an upstream with a connection of its own. */
export function connect(
  connection: Exclude<Connection, { kind: 'client' }>,
  network: NetworkOptions,
  keys?: KeyPool,
): OpenAI {
  if (connection.kind === 'given') return cloneGiven(connection.client);
  const options = { ...network, ...connection.options };
  if (!keys) return new UpstreamClient(options);
  // A list of keys that is sent by the global `fetch` looks it up for each request, as the SDK does.
  const send: Fetch = options.fetch ?? ((input, init) => fetch(input, init));
  return new UpstreamClient({ ...options, fetch: createKeyedFetch(keys, send) });
}

const SdkClient = sdkClass(OpenAI);

/** A client that ignores the environment variables of OpenAI: their values belong to that provider. */
class UpstreamClient extends SdkClient {
  constructor(options: ClientOptions) {
    const unset: Record<string, null> = { apiKey: null, adminAPIKey: null, webhookSecret: null };
    super({ ...unset, organization: null, project: null, ...options });
    // Undoes that the SDK adds the headers of OPENAI_CUSTOM_HEADERS to the default headers of every client.
    this._options = { ...this._options, defaultHeaders: options.defaultHeaders };
  }

  static {
    keepUserAgent(this, SdkClient);
  }

  protected override prepareRequest(request: PreparedRequest, context: PreparedFor): Promise<void> {
    applyMark(request, context, this._options.defaultHeaders);
    return super.prepareRequest(request as RequestInit, context);
  }
}

/** Protected members of the SDK's client. */
interface Hooks {
  readonly _options: ClientOptions;
  prepareRequest(request: PreparedRequest, context: PreparedFor): Promise<void>;
}

/** A clone that runs our changes before its own `prepareRequest`. The user's client stays unchanged. */
function cloneGiven(given: OpenAI): OpenAI {
  // Before SDK 7.0, `withOptions` of an Azure client lost these two.
  const azure: object =
    given instanceof AzureOpenAI ? { apiVersion: given.apiVersion, deployment: given.deploymentName } : {};
  const clone = given.withOptions(azure);
  const hooks = clone as unknown as Hooks;
  const prepareOwn = hooks.prepareRequest.bind(clone);
  hooks.prepareRequest = (request, context) => {
    // Before the client's own hook, which may sign the request.
    applyMark(request, context, hooks._options.defaultHeaders);
    return prepareOwn(request, context);
  };
  return clone;
}

/** The application's client, from which the connections are built. */
export interface ConnectionSource {
  readonly client: OpenAI;
  /** Sends through a client of the same class without routing again. */
  readonly sendOf: (client: OpenAI) => SendRequest;
  /** Called when a connection is first used. */
  readonly network: () => NetworkOptions;
  /** Leaves retries to the SDK, which alone can renew X.509 identities between retries. */
  readonly sdkRetries: boolean;
  /** Calls are routed. Without routing we never end a request. */
  readonly routes: boolean;
}

/** The connections from one client to the upstreams. Each is built when it is first used, and kept. */
export class UpstreamConnections {
  readonly #source: ConnectionSource;
  readonly #connections = new Map<string, UpstreamConnection>();

  constructor(source: ConnectionSource) {
    this.#source = source;
  }

  to(upstream: Upstream): UpstreamConnection {
    let connection = this.#connections.get(upstream.name);
    if (!connection) this.#connections.set(upstream.name, (connection = this.#connect(upstream)));
    return connection;
  }

  #connect(upstream: Upstream): UpstreamConnection {
    const { client, sendOf, network, sdkRetries, routes } = this.#source;
    const { connection } = upstream.config;
    if (connection.kind !== 'client') {
      const own = connect(connection, network(), upstream.keys);
      const send = createSender(own, own);
      return { client: own, send, sdkRetries: false, showsControllers: showControllers(own) };
    }
    const changed = Object.keys(connection.options).length > 0;
    const sender = changed ? client.withOptions(connection.options) : client;
    return { client: sender, send: sendOf(sender), sdkRetries, showsControllers: routes && showControllers(sender) };
  }
}

/** A connection to an upstream. */
export interface UpstreamConnection {
  readonly client: OpenAI;
  readonly send: SendRequest;
  /** The SDK retries on this upstream, not we: it alone can renew X.509 identities. */
  readonly sdkRetries: boolean;
  /** Requests expose the SDK's controller, so that no signal is needed to end them. */
  readonly showsControllers: boolean;
}
