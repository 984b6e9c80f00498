/** Where a caller's routing options travel: in the SDK's `__metadata`, which never leaves the process. */

import type { RouteOptions } from '../domain/call.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';

/** Holds the options in a private field, since the SDK logs `__metadata`. */
class Routed {
  readonly #route: RouteOptions;

  constructor(route: RouteOptions) {
    this.#route = route;
  }

  get route(): RouteOptions {
    return this.#route;
  }
}

/** The `__metadata` that carries `route`. */
export function routeMetadata(route: RouteOptions): Record<string, unknown> {
  return { openaiCanaryRoute: new Routed(route) };
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
