/** What a request says about its routing, in headers that never leave the gateway. */

import { type AttributeValue, type CanaryClient, ConfigError, type RouteOptions } from '../index.ts';

/**
 * The routing options of a request:
 *
 * - `x-canary-key` or `x-user-id`: the key
 * - `x-canary-upstream`: the upstream; `x-canary: true` or `always` is the canary, `false` or `never` is stable
 * - `x-canary-task`: the task
 * - `x-canary-attributes`: attributes for segments, `plan=premium&beta=true`
 *
 * @param caller the name of the caller's token; its attribute `caller` cannot be set by the header
 * @throws ConfigError
 */
export function routeOfHeaders(
  headers: Headers,
  caller: string | undefined,
  canary: CanaryClient['canary'],
): RouteOptions {
  const attributes = attributesOf(headers.get('x-canary-attributes'));
  return {
    key: textOf(headers, 'x-canary-key') ?? textOf(headers, 'x-user-id'),
    upstream: textOf(headers, 'x-canary-upstream') ?? upstreamOf(textOf(headers, 'x-canary'), canary),
    task: textOf(headers, 'x-canary-task'),
    attributes: caller === undefined ? attributes : { ...attributes, caller },
  };
}

function textOf(headers: Headers, name: string): string | undefined {
  return headers.get(name) || undefined;
}

function upstreamOf(wish: string | undefined, canary: CanaryClient['canary']): string | undefined {
  switch (wish?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'true':
    case 'always':
      return canaryOf(canary);
    case 'false':
    case 'never':
      return canary.stable;
    default:
      throw new ConfigError('x-canary', 'should be true, always, false or never');
  }
}

/** The canary of the first rollout, or the only upstream beside stable. */
function canaryOf(canary: CanaryClient['canary']): string {
  const { stable, weights } = canary;
  const others = Object.keys(weights).filter((name) => name !== stable);
  const [tried = others.length === 1 ? others[0] : undefined] = Object.keys(canary.rollouts).filter(
    (name) => name !== stable,
  );
  if (tried !== undefined) return tried;
  throw new ConfigError('x-canary', 'should be used with one canary: name an upstream in x-canary-upstream');
}

/** As in a query. `true`, `false` and numbers are what they look like, so that they match the values of segments. */
function attributesOf(text: string | null): Record<string, AttributeValue> {
  const entries = [...new URLSearchParams(text ?? '')].map(([name, value]) => [name.trim(), value.trim()] as const);
  const own = entries.filter(([name]) => name !== 'caller' && name !== '__proto__');
  return Object.fromEntries(own.map(([name, value]) => [name, valueOf(value)]));
}

function valueOf(text: string): AttributeValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}
