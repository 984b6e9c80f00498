/** Checks of the routing options of calls: mistakes that would otherwise route a call differently without a sign. */

import type { RouteOptions } from '../domain/call.ts';
import {
  checkBoolean,
  checkNumber,
  checkObject,
  checkOneOf,
  checkText,
  closestName,
  isKeyLike,
  kindOf,
} from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { checkAccept } from './acceptance.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';

/** @throws ConfigError for an unknown name or an invalid value; the message never shows the key */
export function checkRoute(path: 'route' | 'run' | 'explain' | 'fetch', options: RouteOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const rule = `should be an object of routing options, got ${kindOf(options)}`;
    throw new ConfigError(path, isKeyLike(options) ? `${rule}: write { key }` : rule);
  }
  for (const name of Object.keys(options)) {
    if (!ROUTE_NAMES.has(name)) throw unknownName(path, name);
  }
  const { key, upstream, task, attributes, maxCostUsd, fallbacks, stream, accept, shadow } = options;
  if (key !== undefined && key !== null && !isKeyLike(key)) {
    throw new ConfigError(`${path}.key`, `should be a string, a number or a bigint, got ${kindOf(key)}`);
  }
  if (upstream !== undefined) checkText(`${path}.upstream`, upstream, 'the name of an upstream');
  if (task !== undefined) checkText(`${path}.task`, task, 'the name of a task');
  if (attributes !== undefined) checkAttributes(`${path}.attributes`, attributes);
  if (maxCostUsd !== undefined) checkNumber(`${path}.maxCostUsd`, maxCostUsd, { min: 0 });
  if (fallbacks !== undefined) checkBoolean(`${path}.fallbacks`, fallbacks, ORDER_OF_FALLBACKS);
  if (stream !== undefined) checkOneOf(`${path}.stream`, stream, ['committed', 'buffered']);
  checkAccept(`${path}.accept`, accept);
  if (shadow !== undefined) checkBoolean(`${path}.shadow`, shadow);
}

const ORDER_OF_FALLBACKS = ': the order of fallbacks is the option canary.fallbacks of the client';

function checkAttributes(path: string, attributes: unknown): void {
  checkObject(path, attributes, 'an object of attributes');
  for (const [name, value] of Object.entries(attributes as object)) {
    if (value === undefined || value === null || ATTRIBUTE_TYPES.has(typeof value)) continue;
    throw new ConfigError(`${path}.${name}`, `should be a string, a number or a boolean, got ${kindOf(value)}`);
  }
}

const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set(['string', 'number', 'boolean']);

/** A record, so that the compiler notices a missing name. */
const ROUTE_NAMES: ReadonlySet<string> = new Set(
  Object.keys({
    key: true,
    upstream: true,
    task: true,
    attributes: true,
    maxCostUsd: true,
    fallbacks: true,
    stream: true,
    accept: true,
    shadow: true,
  } satisfies Record<keyof RouteOptions, true>),
);

/** Names by which applications call what these options say. */
const OTHER_NAMES: Readonly<Record<string, keyof RouteOptions>> = {
  ...sameFor('key', ['user', 'userId', 'user_id', 'id', 'tenant', 'tenantId', 'session', 'sessionId', 'conversation']),
  ...sameFor('upstream', ['model', 'provider', 'target', 'to', 'name']),
  ...sameFor('task', ['category', 'type', 'kind']),
  ...sameFor('attributes', ['attrs', 'tags', 'labels', 'metadata', 'properties', 'segment']),
  ...sameFor('maxCostUsd', ['maxCost', 'budget', 'budgetUsd']),
};

function sameFor(meant: keyof RouteOptions, names: readonly string[]): Record<string, keyof RouteOptions> {
  return Object.fromEntries(names.map((name) => [name, meant]));
}

function unknownName(path: string, name: string): ConfigError {
  if (REQUEST_NAMES.has(name)) {
    const rule = `is a request option: write { ...route({ … }), ${name} }`;
    return new ConfigError(`${path}.${name}`, path === 'run' ? 'is an option of a single call' : rule);
  }
  const meant = (Object.hasOwn(OTHER_NAMES, name) && OTHER_NAMES[name]) || closestName(name, [...ROUTE_NAMES]);
  return new ConfigError(`${path}.${name}`, `is not an option${meant ? `; did you mean ${meant}?` : ''}`);
}

const REQUEST_NAMES: ReadonlySet<string> = new Set([
  'headers',
  'timeout',
  'maxRetries',
  'signal',
  'query',
  'idempotencyKey',
  'fetchOptions',
]);

/** Options that belong in `route()`, as names of request options, which the SDK would ignore. `stream` is one of the SDK's own. */
const MISPLACED: readonly Exclude<keyof RouteOptions, 'stream'>[] = [
  'key',
  'upstream',
  'task',
  'attributes',
  'maxCostUsd',
  'fallbacks',
  'accept',
  'shadow',
];

/** @throws ConfigError for a routing option that stands among the request options: `create(body, { key })` */
export function checkMisplaced(options: RequestOptions): void {
  for (const name of MISPLACED) {
    if ((options as Partial<Record<string, unknown>>)[name] === undefined) continue;
    throw new ConfigError(`options.${name}`, `is not a request option: write route({ ${name} })`);
  }
}
