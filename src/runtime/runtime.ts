/** What a client and its `withOptions()` clones have in common. */

import type { ClientOptions } from 'openai';
import { checkApiKey } from '../domain/check.ts';
import { CanaryControl } from './control.ts';
import { Engine } from './engine.ts';
import type { CanaryOptions } from '../options.ts';
import { resolveOptions } from './resolve-options.ts';

/**
 * Takes the place of the `canary` option inside the SDK's own options, which keep what they do not know: so every clone
 * comes back to the constructor with the runtime of its origin.
 */
export class CanaryRuntime {
  readonly engine: Engine;
  readonly control: CanaryControl;

  constructor(engine: Engine) {
    this.engine = engine;
    this.control = new CanaryControl(engine);
  }

  /** Nothing of what the runtime holds belongs in a log. */
  toJSON(): string {
    return 'CanaryRuntime';
  }
}

/**
 * The runtime that `options` carry, or a new one as they say.
 *
 * @throws ConfigError
 */
export function runtimeOf(
  options: ClientOptions & { readonly canary?: CanaryOptions | CanaryRuntime | undefined },
  priceProvider: string | undefined,
): CanaryRuntime {
  const { canary, ...client } = options;
  if (canary instanceof CanaryRuntime) return canary;
  const routes = canary !== undefined;
  // Without the option nothing of the client is ours to judge.
  if (routes) checkApiKey('apiKey', client.apiKey);
  return new CanaryRuntime(new Engine(resolveOptions(routes ? canary : {}, client, priceProvider), { routes }));
}
