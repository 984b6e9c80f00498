/** What an application may say about its calls: for one call, or for all within a function. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { OpenAI } from 'openai';
import type { RouteOptions } from '../domain/call.ts';
import { checkNumber } from '../domain/check.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';

/**
 * Request options that route one call, for the second argument of every SDK method. Nothing of them leaves the process.
 *
 * @throws ConfigError
 * @example
 * await ai.chat.completions.create(body, route({ key: user.id }));
 * await ai.responses.create(body, { ...route({ upstream: 'gemini' }), timeout: 5_000 });
 */
export function route<UpstreamName extends string = string>(
  options: RouteOptions<UpstreamName>,
): OpenAI.RequestOptions {
  checkRoute(options);
  return { __metadata: routeMetadata(options) };
}

/** Routing options that hold for a function and all that it awaits. */
export class RouteContext {
  readonly #storage = new AsyncLocalStorage<RouteOptions>();

  /** Options of an outer `run` hold too, where the inner one says nothing else; attributes add up. */
  run<T>(options: RouteOptions, callback: () => T): T {
    checkRoute(options);
    return this.#storage.run(joinRoutes(this.#storage.getStore(), options), callback);
  }

  get current(): RouteOptions | undefined {
    return this.#storage.getStore();
  }
}

function checkRoute({ maxCostUsd }: RouteOptions): void {
  if (maxCostUsd !== undefined) checkNumber('route.maxCostUsd', maxCostUsd, { min: 0 });
}

/* PART: Where a caller's routing options travel: in the SDK's `__metadata`, which never leaves the process. */

/** Holds the options in a private field, since the SDK logs `__metadata`. */
class Routed {
  readonly #route: RouteOptions;

  constructor(options: RouteOptions) {
    this.#route = options;
  }

  get route(): RouteOptions {
    return this.#route;
  }
}

/** The `__metadata` that carries `route`. */
function routeMetadata(options: RouteOptions): Record<string, unknown> {
  return { openaiCanaryRoute: new Routed(options) };
}

/** `inner` on top of `outer`: what it leaves undefined stays as it was, and attributes add up. */
export function joinRoutes(outer: RouteOptions | undefined, inner: RouteOptions): RouteOptions {
  const said = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
  return { ...outer, ...said, attributes: { ...outer?.attributes, ...inner.attributes } };
}

/** The routing options of one call, if it was given any. */
export function routeOf(options: RequestOptions): RouteOptions | undefined {
  const routed = options.__metadata?.openaiCanaryRoute;
  return routed instanceof Routed ? routed.route : undefined;
}
