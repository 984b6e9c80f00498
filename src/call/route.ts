/** Routing options of an application: for one call, or for all calls of a function. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { OpenAI } from 'openai';
import type { RouteOptions } from '../domain/call.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import { checkRoute } from './check-route.ts';

/**
 * Request options that route one call, for the second argument of every SDK method. They never leave the process.
 *
 * @throws ConfigError
 * @example
 * await ai.chat.completions.create(body, route({ key: user.id }));
 * await ai.responses.create(body, { ...route({ upstream: 'gemini' }), timeout: 5_000 });
 */
export function route<UpstreamName extends string = string>(
  options: RouteOptions<UpstreamName>,
): OpenAI.RequestOptions {
  checkRoute('route', options);
  return { __metadata: routeMetadata(options) };
}

/** The routing options of one call, if `route()` gave it any. */
export function routeOf(options: RequestOptions): RouteOptions | undefined {
  const carrier = options.__metadata?.openaiCanaryRoute;
  return typeof carrier === 'object' && carrier !== null ? (carrier as Partial<RouteCarrier>)[ROUTE] : undefined;
}

/** Routing options that hold for a function and all that it awaits. */
export class RouteContext {
  readonly #storage = new AsyncLocalStorage<RouteOptions>();

  /** Options of an outer `run` hold where the inner options are undefined. Attributes are merged. */
  run<T>(options: RouteOptions, callback: () => T): T {
    checkRoute('run', options);
    return this.#storage.run(joinRoutes(this.#storage.getStore(), options), callback);
  }

  get current(): RouteOptions | undefined {
    return this.#storage.getStore();
  }
}

/** `inner` over `outer`. Undefined options of `inner` change nothing, and attributes are merged. */
export function joinRoutes(outer: RouteOptions | undefined, inner: RouteOptions): RouteOptions {
  const defined = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
  return { ...outer, ...defined, attributes: { ...outer?.attributes, ...inner.attributes } };
}

/** Routing options travel in the SDK's `__metadata`, which never leaves the process. */
export function routeMetadata(options: RouteOptions): Record<string, unknown> {
  return { openaiCanaryRoute: new RouteCarrier(options) };
}

/**
 * Marks carriers. Of the global registry, so that `route()` of another copy of this package is recognized: a process can load both the ES
 * module and the CommonJS one.
 */
const ROUTE: unique symbol = Symbol.for('openai-canary.route') as never;

/** Holds the options in a private field, since the SDK logs `__metadata`. */
class RouteCarrier {
  readonly #route: RouteOptions;

  constructor(options: RouteOptions) {
    this.#route = options;
  }

  get [ROUTE](): RouteOptions {
    return this.#route;
  }
}
