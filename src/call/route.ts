/** What an application may say about its calls: for one call, or for all within a function. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { OpenAI } from 'openai';
import { checkNumber } from '../domain/check.ts';
import { joinRoutes, routeMetadata } from './route-options.ts';
import type { RouteOptions } from '../domain/call.ts';

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
