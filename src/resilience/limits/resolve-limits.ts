/** Checks and resolves the limits of an upstream. */

import { checkDuration, checkKeys, checkNumber, checkOneOf } from '../../domain/check.ts';
import type { LimitsOptions, QueueOptions } from './options.ts';
import type { LimitsPolicy } from './upstream-limits.ts';

/** @throws ConfigError */
export function resolveLimits(path: string, limits: LimitsOptions | undefined): LimitsPolicy | undefined {
  if (limits === undefined) return undefined;
  checkKeys(path, limits, ['rpm', 'tpm', 'concurrency', 'scope', 'queue']);
  const { rpm, tpm, concurrency, scope = 'process', queue } = limits;
  return {
    rpm: rpm === undefined ? undefined : checkNumber(`${path}.rpm`, rpm, AT_LEAST_ONE),
    tpm: tpm === undefined ? undefined : checkNumber(`${path}.tpm`, tpm, AT_LEAST_ONE),
    concurrency: concurrency === undefined ? undefined : checkNumber(`${path}.concurrency`, concurrency, AT_LEAST_ONE),
    isShared: checkOneOf(`${path}.scope`, scope, ['fleet', 'process']) === 'fleet',
    queue: queue && resolveQueue(`${path}.queue`, queue),
  };
}

const AT_LEAST_ONE = { min: 1, integer: true };

function resolveQueue(path: string, queue: QueueOptions): LimitsPolicy['queue'] {
  checkKeys(path, queue, ['maxWait', 'maxLength']);
  const { maxWait = '30s', maxLength = 1_000 } = queue;
  return {
    maxWaitMs: checkDuration(`${path}.maxWait`, maxWait),
    maxLength: checkNumber(`${path}.maxLength`, maxLength, AT_LEAST_ONE),
  };
}
