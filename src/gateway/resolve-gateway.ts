/** Checks the options of a gateway. */

import {
  checkBoolean,
  checkDuration,
  checkFunction,
  checkKeys,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
} from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { systemClock } from '../time/system-clock.ts';
import type { Clock } from '../index.ts';
import { isOptions } from './authorize.ts';
import type { CallerOptions, GatewayOptions, MetricsSource } from './options.ts';

/** Checked options, with their defaults. */
export interface ResolvedGateway {
  readonly callers: ReadonlyMap<string, Pick<CallerOptions, 'rpm' | 'concurrency' | 'budget'>>;
  /** The text of `/metrics` and its type. */
  readonly metrics: { readonly read: () => string | Promise<string>; readonly contentType: string } | undefined;
  readonly bodyLimitBytes: number;
  readonly maxInFlight: number;
  readonly forwardHeaders: readonly string[];
  readonly stallMs: number;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

/** @throws ConfigError. Tokens are checked where they are hashed. */
export function resolveGateway(options: GatewayOptions): ResolvedGateway {
  checkKeys('gateway', options, NAMES);
  const { openMetrics } = options;
  if (openMetrics !== undefined) checkBoolean('gateway.openMetrics', openMetrics);
  const { auth, admin, bodyLimitBytes, maxInFlight, forwardHeaders, stallTimeout, onError, clock } = options;
  if (auth !== undefined) checkObject('gateway.auth', auth, 'an object of tokens by name');
  if (admin !== undefined) checkObject('gateway.admin', admin, 'an object of tokens by name');
  return {
    callers: new Map(
      Object.entries(auth ?? {}).flatMap(([name, value]) =>
        isOptions(value) ? [[name, checkCaller(name, value)]] : [],
      ),
    ),
    metrics: resolveMetrics(options.metrics),
    bodyLimitBytes: checkNumber('gateway.bodyLimitBytes', bodyLimitBytes ?? 20 * 2 ** 20, { min: 1, integer: true }),
    maxInFlight: checkNumber('gateway.maxInFlight', maxInFlight ?? 2_000, { min: 1, integer: true }),
    forwardHeaders: checkHeaders(forwardHeaders ?? ['openai-beta', 'idempotency-key', 'x-client-request-id']),
    stallMs: checkDuration('gateway.stallTimeout', stallTimeout ?? '60s'),
    onError: checkFunction('gateway.onError', onError) ?? (() => undefined),
    clock: clock ?? systemClock,
  };
}

/** A record, so that the compiler notices a missing name. */
const NAMES = Object.keys({
  auth: true,
  admin: true,
  metrics: true,
  openMetrics: true,
  bodyLimitBytes: true,
  maxInFlight: true,
  forwardHeaders: true,
  stallTimeout: true,
  onError: true,
  clock: true,
} satisfies Record<keyof GatewayOptions, true>);

function checkCaller(name: string, caller: CallerOptions): CallerOptions {
  const path = `gateway.auth.${name}`;
  checkKeys(path, caller, ['token', 'rpm', 'concurrency', 'budget']);
  const { rpm, concurrency, budget } = caller;
  // A ring of this length is kept.
  if (rpm !== undefined) checkNumber(`${path}.rpm`, rpm, { min: 1, max: 1_000_000, integer: true });
  if (concurrency !== undefined) checkNumber(`${path}.concurrency`, concurrency, { min: 1, integer: true });
  if (budget === undefined) return caller;
  checkKeys(`${path}.budget`, budget, ['per', 'limitUsd']);
  checkOneOf(`${path}.budget.per`, budget.per, ['hour', 'day', 'month']);
  if (checkNumber(`${path}.budget.limitUsd`, budget.limitUsd, { min: 0 }) === 0) {
    throw new ConfigError(`${path}.budget.limitUsd`, 'should be above 0, got 0');
  }
  return caller;
}

/** They would hand the caller's credentials to an upstream, or change what the connection means. */
const NEVER_FORWARDED =
  /^(?:authorization|api-key|cookie|proxy-.*|x-canary-.*|x-user-id|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-.*|openai-organization|openai-project)$/;

function checkHeaders(names: readonly string[]): readonly string[] {
  checkList('gateway.forwardHeaders', names, 'a list of header names');
  for (const [index, name] of names.entries()) {
    const path = `gateway.forwardHeaders[${index}]`;
    if (typeof name !== 'string' || !/^[a-z0-9-]+$/.test(name))
      throw new ConfigError(path, 'should be a header name in lower case');
    if (NEVER_FORWARDED.test(name))
      throw new ConfigError(path, `should not be ${name}, which never leaves the gateway`);
  }
  return names;
}

function resolveMetrics(metrics: MetricsSource | undefined): ResolvedGateway['metrics'] {
  if (metrics === undefined) return undefined;
  if (typeof metrics === 'function') return { read: metrics, contentType: 'text/plain; version=0.0.4; charset=utf-8' };
  if (typeof metrics !== 'object' || metrics === null || typeof metrics.metrics !== 'function') {
    throw new ConfigError('gateway.metrics', 'should be a function that gives a text, or a registry');
  }
  return { read: () => metrics.metrics(), contentType: metrics.contentType };
}
