/** Where a caller's routing options travel: in the SDK's `__metadata`, which never leaves the process. */

import type { RouteOptions } from '../domain/call.ts';
import type { RequestOptions } from '../upstream/sdk.ts';

const ROUTE = Symbol('openai-canary.route');

/** The `__metadata` that carries `route`. */
export function routeMetadata(route: RouteOptions): Record<string, unknown> {
  // Within a function, since the SDK logs `__metadata`.
  return { [ROUTE]: () => route };
}

/** `inner` on top of `outer`: what it leaves undefined stays as it was, and attributes add up. */
export function joinRoutes(outer: RouteOptions | undefined, inner: RouteOptions): RouteOptions {
  const said = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
  return { ...outer, ...said, attributes: { ...outer?.attributes, ...inner.attributes } };
}

/** The routing options of one call, if it was given any. */
export function routeOf(options: RequestOptions): RouteOptions | undefined {
  const metadata: Readonly<Record<symbol, unknown>> | undefined = options.__metadata;
  // Only `routeMetadata` writes under this symbol.
  return (metadata?.[ROUTE] as (() => RouteOptions) | undefined)?.();
}
