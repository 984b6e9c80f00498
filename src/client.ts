/** The client: a subclass of the SDK's class that routes its requests. */

import { inspect } from 'node:util';
import { type APIPromise, AzureOpenAI, OpenAI } from 'openai';
import { callPromise } from './call/call-promise.ts';
import { responseIdIn } from './call/describe-call.ts';
import { seekPage } from './call/seek-page.ts';
import { handleCall, type Caller } from './call/handle-call.ts';
import { observePage } from './call/observe-page.ts';
import { isBelow, sdkClass } from './domain/sdk-class.ts';
import type { CanaryOptions } from './options.ts';
import type { CanaryControl } from './runtime/control.ts';
import type { Engine } from './runtime/engine.ts';
import { runtimeOf } from './runtime/runtime.ts';
import { ResponseMode } from './upstream/response-mode.ts';
import { keepUserAgent } from './upstream/sdk/user-agent.ts';
import { UpstreamConnections } from './upstream/sdk/clients.ts';
import { isX509 } from './upstream/sdk/request-controller.ts';
import { applyMark, type PreparedFor, type PreparedRequest } from './upstream/sdk/request-mark.ts';
import { optionsElsewhere } from './upstream/sdk/request-options.ts';
import { createSender } from './upstream/sdk/send.ts';
import type { Upstream } from './upstream/upstream.ts';
import type { RequestOptions } from './upstream/sdk/types.ts';

/**
 * A class like `CanaryClient` on another base, such as `AzureOpenAI`.
 *
 * @param Base `OpenAI` or a subclass of it
 * @example
 * const CanaryAzure = withCanary(AzureOpenAI);
 * const ai = new CanaryAzure({ endpoint, apiKey, apiVersion, canary: { upstreams, weights } });
 */
export function withCanary<Base extends OpenAIClass>(Base: Base): CanaryClass<Base> {
  const SdkBase = sdkClass(Base as OpenAIClass);
  // The SDK sends the name of the class as its `User-Agent`.
  class CanaryClient extends SdkBase {
    readonly canary: CanaryControl;
    readonly #engine: Engine;
    readonly #caller: Caller;
    readonly #send = createSender(this, SdkBase.prototype as OpenAI);

    constructor(...args: any[]) {
      const options: Record<string, unknown> = args[0] ?? {};
      const runtime = runtimeOf(options, isBelow(CanaryClient.prototype, AzureOpenAI) ? 'azure' : undefined);
      super({ ...runtime.withDefaults(options), canary: runtime });
      this.canary = runtime.control;
      const connections = new UpstreamConnections({
        client: this,
        sendOf: (client) => (client instanceof CanaryClient ? client.#send : this.#send),
        network: () => {
          const { baseURL, logger, logLevel, fetchOptions, timeout } = this;
          return { fetch: options.fetch as typeof fetch, baseURL, logger, logLevel, fetchOptions, timeout };
        },
        sdkRetries: isX509(options),
        routes: runtime.engine.routes,
      });
      const { engine } = runtime;
      this.#engine = engine;
      engine.client ??= this;
      this.#caller = { client: this, engine, connect: (upstream) => connections.to(upstream) };
      engine.prober.connect ??= this.#caller.connect;
    }

    override request<Rsp>(
      options: RequestOptions | Promise<RequestOptions>,
      remainingRetries: number | null = null,
    ): APIPromise<Rsp> {
      const mode = new ResponseMode();
      return callPromise<Rsp>(
        this,
        handleCall(this.#caller, options, remainingRetries, mode),
        mode,
        this.#engine.modes,
      );
    }

    // The SDK's signatures have a type parameter that we cannot name, and they differ between its versions.
    // oxlint-disable typescript/no-explicit-any
    override requestAPIList(Page: any, options: any): any {
      const page = super.requestAPIList(Page, options);
      observePage(this.#caller, page, options, this.#engine.home);
      return page;
    }

    /** Chooses the upstream by the id in the path, since the options may be a promise. Later pages use the client of the first. */
    override getAPIList(path: string, Page: any, options?: any): any {
      const owner = this.#engine.ownerOf(responseIdIn(path)) ?? this.#engine.home;
      // An upstream without a connection of its own is the same account.
      if (owner.config.connection.kind === 'client') return this.#ownList(path, Page, options);
      return this.#listOf(owner, path, Page, options);
    }

    /** The client's own list, or that of another upstream if it belongs to a response that only the other knows. */
    #ownList(path: string, Page: any, options: any): any {
      const { services } = this.#engine;
      const page = super.getAPIList(path, Page, options);
      const id = responseIdIn(path);
      if (id === undefined || !this.#engine.routes || this.#engine.ownerOf(id)) return page;
      seekPage(page, {
        others: () => this.#engine.othersToAsk(id),
        ask: (name) => this.#listOf(services.upstreams.get(name)!, path, Page, options),
        found: (name = this.#engine.home.name) => services.remember(id, name),
      });
      return page;
    }

    #listOf(owner: Upstream, path: string, Page: any, options: any): any {
      const { connect } = this.#caller;
      const ownerOptions = Promise.resolve(options).then((resolved) => optionsElsewhere(resolved ?? {}));
      const page = connect(owner).client.getAPIList(path, Page, ownerOptions);
      const request = ownerOptions.then((resolved): RequestOptions => ({ method: 'get', path, ...resolved }));
      observePage(this.#caller, page, request, owner);
      return page;
    }
    // oxlint-enable typescript/no-explicit-any

    protected override prepareRequest(request: PreparedRequest, context: PreparedFor): Promise<void> {
      // Before the base, which may sign the request.
      applyMark(request, context, this._options.defaultHeaders);
      return super.prepareRequest(request as RequestInit, context);
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.canary[Symbol.asyncDispose]();
    }

    /** Keeps the API key, which the SDK's client shows, out of logs. */
    [inspect.custom](): string {
      return `${this.constructor.name} { baseURL: '${addressOf(this.baseURL)}', upstreams: [ ${this.#engine.names.join(', ')} ] }`;
    }

    toJSON(): { baseURL: string; upstreams: readonly string[] } {
      return { baseURL: addressOf(this.baseURL), upstreams: this.#engine.names };
    }
  }
  keepUserAgent(CanaryClient, SdkBase);
  // Bundlers rename an inner class that has the name of an outer class.
  Object.defineProperty(CanaryClient, 'name', { value: 'CanaryClient' });
  // The class has all members of the type: it inherits the statics of the base and defines the others above.
  return CanaryClient as unknown as CanaryClass<Base>;
}

/** The URL without user, password and query, which may be secrets. */
function addressOf(baseURL: string): string {
  const { origin, pathname } = URL.parse(baseURL) ?? { origin: '', pathname: '' };
  return origin + pathname;
}

/**
 * `OpenAI` with routed calls. Without the `canary` option it behaves exactly like `OpenAI` and only records usage.
 *
 * @example
 * const ai = new CanaryClient({
 *   canary: {
 *     upstreams: { deepseek: { provider: 'deepseek', model: 'deepseek-chat' } },
 *     weights: { openai: 95, deepseek: 5 },
 *   },
 * });
 */
export const CanaryClient = /* @__PURE__ */ withCanary(OpenAI);

/** An instance of `CanaryClient`. */
export type CanaryClient<UpstreamName extends string = string> = OpenAI & CanaryProperty<UpstreamName>;

/** `OpenAI` or a subclass of it, whose constructor takes one object of options. */
// The options of the SDK's subclasses differ, and TypeScript requires `any[]` for the base of a mixin.
export type OpenAIClass = new (...args: any[]) => OpenAI;

/**
 * A class like `Base` that routes its calls. The names of upstreams are inferred from the options and checked at compile time. A subclass
 * states them, `class App extends CanaryClient<'gemini'>`, or is not checked.
 */
export type CanaryClass<Base extends OpenAIClass> = { [Static in keyof Base]: Base[Static] } & {
  new <UpstreamName extends string = string, StableName extends string = 'openai'>(
    options?: NonNullable<ConstructorParameters<Base>[0]> & {
      readonly canary?: CanaryOptions<UpstreamName, StableName> | undefined;
    },
  ): InstanceType<Base> & CanaryProperty<UpstreamName | StableName>;
};

/** What a client has in addition to the members of the SDK's client. */
export interface CanaryProperty<UpstreamName extends string = string> extends AsyncDisposable {
  /** The control of this client's traffic, shared with its `withOptions()` clones. */
  readonly canary: CanaryControl<UpstreamName>;
}
