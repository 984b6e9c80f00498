/** Routing options of an application: for one call, or for all calls of a function. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { OpenAI } from 'openai';
import type { RouteOptions, RunOptions, SpendLimit } from '../domain/call.ts';
import { checkNumber } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
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

/** What surrounds a call: the joined options of all runs, and the limit of each that has one. */
export interface RunContext extends RouteOptions {
  readonly spendLimits?: readonly SpendLimit[] | undefined;
}

/** Routing options that hold for a function and all that it awaits. */
export class RouteContext {
  readonly #storage = new AsyncLocalStorage<RunContext>();

  /** Options of an outer `run` hold where the inner options are undefined. Attributes are merged, and each amount applies. */
  run<T>(options: RunOptions, callback: () => T): T {
    const { budgetUsd, ...routing } = isObject(options) ? options : { ...NO_BUDGET };
    checkRoute('run', isObject(options) ? routing : options);
    const outer = this.#storage.getStore();
    const spendLimits = [...(outer?.spendLimits ?? []), ...spendLimitOf(budgetUsd)];
    const joined = joinRoutes(outer, routing);
    return this.#storage.run(spendLimits.length === 0 ? joined : { ...joined, spendLimits }, callback);
  }

  get current(): RunContext | undefined {
    return this.#storage.getStore();
  }
}

const NO_BUDGET: RunOptions = {};

function isObject(options: unknown): boolean {
  return typeof options === 'object' && options !== null && !Array.isArray(options);
}

function spendLimitOf(budgetUsd: number | undefined): readonly SpendLimit[] {
  if (budgetUsd === undefined) return [];
  const limitUsd = checkNumber('run.budgetUsd', budgetUsd, { min: 0 });
  if (limitUsd === 0) throw new ConfigError('run.budgetUsd', 'should be above 0, got 0');
  return [{ limitUsd }];
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
