/** The options of the gateway: the section `gateway` of a configuration, and the tokens of the environment. */

import type { GatewayOptions } from '../../gateway/index.ts';
import { UsageError } from '../usage-error.ts';

/** Tokens that need no configuration: of the caller `default`, and of the administrator `default`. */
export const TOKEN_VARIABLES = { auth: 'OPENAI_CANARY_TOKEN', admin: 'OPENAI_CANARY_ADMIN_TOKEN' } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `env:NAME` in tokens by the value of that variable, so that a configuration holds no secrets.
 *
 * @throws UsageError for a variable that is not set
 */
export function gatewayOptions(section: unknown, environment: Environment): GatewayOptions {
  if (section !== undefined && (typeof section !== 'object' || section === null || Array.isArray(section))) {
    throw new UsageError('gateway should be an object: the options of createGateway()');
  }
  const { auth, admin, ...rest }: GatewayOptions = section ?? {};
  return {
    ...rest,
    auth: withDefault(expanded('gateway.auth', auth, environment), environment[TOKEN_VARIABLES.auth]),
    admin: withDefault(expanded('gateway.admin', admin, environment), environment[TOKEN_VARIABLES.admin]),
  };
}

function withDefault<T extends object>(tokens: T | undefined, token: string | undefined): T | undefined {
  // The options are checked when the gateway is created.
  return token ? ({ default: token, ...tokens } as T) : tokens;
}

/** The same value with its tokens, at any depth. */
function expanded<T>(path: string, value: T, environment: Environment): T {
  if (typeof value === 'string') {
    const [, name] = /^env:(\w+)$/.exec(value) ?? [];
    if (name === undefined) return value;
    const token = environment[name];
    if (!token) throw new UsageError(`${path} names the variable ${name}, which is not set`);
    return token as T;
  }
  if (Array.isArray(value)) return value.map((each) => expanded(path, each as unknown, environment)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, expanded(`${path}.${name}`, each as unknown, environment)]),
  ) as T;
}
