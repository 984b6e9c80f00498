/** The SDK clients that upstreams are reached by, each with the credentials of its own upstream and no others. */

import { AzureOpenAI, type ClientOptions, OpenAI } from 'openai';

import type { Connection, Upstream } from '../upstream.ts';
import { showControllers } from './request-controller.ts';
import { applyMark, type PreparedFor, type PreparedRequest } from './request-mark.ts';
import { type SendRequest, createSender } from './send.ts';

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

/** A client that takes no default from the environment variables of OpenAI, whose values belong to that provider. */
class UpstreamClient extends OpenAI {
  constructor(options: ClientOptions) {
    const nothing: Record<string, null> = { apiKey: null, adminAPIKey: null, webhookSecret: null };
    super({ ...nothing, organization: null, project: null, ...options });
    // The SDK adds the headers of OPENAI_CUSTOM_HEADERS to the default headers of every client.
    this._options = { ...this._options, defaultHeaders: options.defaultHeaders };
  }

  protected override prepareRequest(request: PreparedRequest, context: PreparedFor): Promise<void> {
    applyMark(request, context, this._options.defaultHeaders);
    return super.prepareRequest(request as RequestInit, context);
  }
}

/** What the SDK keeps for its subclasses, which a clone stands in for. */
interface Hooks {
  readonly _options: ClientOptions;
  prepareRequest(request: PreparedRequest, context: PreparedFor): Promise<void>;
}

/** A clone with a `prepareRequest` of our own before its own; the user's client stays as it is. */
function cloneGiven(given: OpenAI): OpenAI {
  // Before 7.0 an Azure clone forgot what only Azure knows.
  const azure: object =
    given instanceof AzureOpenAI ? { apiVersion: given.apiVersion, deployment: given.deploymentName } : {};
  const clone = given.withOptions(azure);
  const hooks = clone as unknown as Hooks;
  const prepareOwn = hooks.prepareRequest.bind(clone);
  hooks.prepareRequest = (request, context) => {
    // First: the client may sign what leaves.
    applyMark(request, context, hooks._options.defaultHeaders);
    return prepareOwn(request, context);
  };
  return clone;
}

/* PART: The ways from one client to the upstreams. */

/** The application's client, as its lines need it. */
export interface ConnectionSource {
  readonly client: OpenAI;
  /** Sends through a client of the same class without routing again. */
  readonly sendOf: (client: OpenAI) => SendRequest;
  /** Read when a line is first used. */
  readonly network: () => NetworkOptions;
  /** X.509 identities: the SDK alone can renew them between retries. */
  readonly sdkRetries: boolean;
  /** Without routing nothing of ours ever ends a request. */
  readonly routes: boolean;
}

/** Lines are laid when they are first used, and kept. */
export class UpstreamConnections {
  readonly #start: ConnectionSource;
  readonly #connections = new Map<string, UpstreamConnection>();

  constructor(start: ConnectionSource) {
    this.#start = start;
  }

  to(upstream: Upstream): UpstreamConnection {
    let connection = this.#connections.get(upstream.name);
    if (!connection) this.#connections.set(upstream.name, (connection = this.#connect(upstream)));
    return connection;
  }

  #connect(upstream: Upstream): UpstreamConnection {
    const { client, sendOf, network, sdkRetries, routes } = this.#start;
    const { connection } = upstream.config;
    if (connection.kind !== 'client') {
      const own = connect(connection, network());
      const send = createSender(own, own);
      return { client: own, send, sdkRetries: false, showsControllers: showControllers(own) };
    }
    const changed = Object.keys(connection.options).length > 0;
    const home = changed ? client.withOptions(connection.options) : client;
    return { client: home, send: sendOf(home), sdkRetries, showsControllers: routes && showControllers(home) };
  }
}

/** A way to an upstream. */
export interface UpstreamConnection {
  readonly client: OpenAI;
  readonly send: SendRequest;
  /** Retries on this upstream are left to the SDK (X.509 identities: it alone can renew them). */
  readonly sdkRetries: boolean;
  /** Requests show the controller that ends them: they need no signal for it. */
  readonly showsControllers: boolean;
}
