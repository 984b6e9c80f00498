/** The runtime that a client shares with its `withOptions()` clones. */

import type { ClientOptions } from 'openai';
import { checkApiKey, closestName } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { CanaryControl } from './control.ts';
import { Engine } from './engine.ts';
import type { CanaryOptions } from '../options.ts';
import { OPTION_NAMES, resolveOptions } from './resolve-options.ts';

/**
 * Replaces the `canary` option within the SDK's options. The SDK passes options that it does not know to the constructors of clones, so each
 * clone gets the runtime of its origin.
 */
export class CanaryRuntime {
  readonly engine: Engine;
  readonly control: CanaryControl;

  constructor(engine: Engine) {
    this.engine = engine;
    this.control = new CanaryControl(engine);
  }

  /** The client's options, with what it lacks to be the upstream that its `canary` option describes. */
  withDefaults<Options extends object>(options: Options): Options {
    const { clientDefaults } = this.engine.options;
    const stated = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
    const lacking = Object.entries(clientDefaults).filter(([name]) => !stated.some(([own]) => own === name));
    return lacking.length === 0 ? options : { ...options, ...Object.fromEntries(lacking) };
  }

  /** Keeps the contents of the runtime out of logs. */
  toJSON(): string {
    return 'CanaryRuntime';
  }
}

/**
 * The runtime in `options`, or a new one that is built from them.
 *
 * @throws ConfigError
 */
export function runtimeOf(
  options: ClientOptions & { readonly canary?: CanaryOptions | CanaryRuntime | undefined },
  priceProvider: string | undefined,
): CanaryRuntime {
  const { canary, ...client } = options;
  if (canary instanceof CanaryRuntime) return canary;
  checkTopLevel(client);
  const routes = canary !== undefined;
  // Without the `canary` option the client is checked by the SDK alone.
  if (routes) checkApiKey('apiKey', client.apiKey);
  return new CanaryRuntime(new Engine(resolveOptions(routes ? canary : {}, client, priceProvider), { routes }));
}

/**
 * The SDK ignores options that it does not know, so that the client would not route at all.
 *
 * @throws ConfigError for an option of `canary` beside it, and for a misspelled `canary`
 */
function checkTopLevel(client: object): void {
  for (const name of Object.keys(client)) {
    if (name !== 'logger' && OPTION_NAMES.some((option) => option === name)) {
      throw new ConfigError(name, `is not an option of the client: write canary: { ${name} }`);
    }
    if (name !== 'canary' && closestName(name, ['canary']) !== undefined) {
      throw new ConfigError(name, 'is not an option of the client; did you mean canary?');
    }
  }
}
