/** Checks the options of probes and fills in the defaults. */

import { checkDuration, checkKeys, checkList, checkNumber, checkOneOf, checkText } from '../domain/check.ts';
import { CHECK_NAMES, type CheckName } from '../domain/probe.ts';
import type { ActiveProbeOptions, ProbeOptions } from './options.ts';

/** The resolved options of `canary.probe()`. */
export interface ResolvedProbe {
  readonly names: readonly CheckName[];
  readonly honesty: boolean;
  readonly model: string | undefined;
  readonly embeddingModel: string | undefined;
  readonly contextTokens: number | undefined;
  readonly timeoutMs: number;
  readonly budgetUsd: number;
  readonly signal: AbortSignal | undefined;
}

/** The resolved options of checks at an interval. */
export interface ActiveProbePolicy {
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** USD per UTC day and upstream. */
  readonly budgetUsd: number;
  readonly upstreams: readonly string[];
}

/** @throws ConfigError */
export function resolveProbe(options: ProbeOptions = {}): ResolvedProbe {
  checkKeys('probe', options, PROBE_OPTION_NAMES);
  const { only = ALL, model, embeddingModel, contextTokens, timeout = '30s', budgetUsd = 0.25, signal } = options;
  checkList('probe.only', only, 'a list of checks');
  only.forEach((name, index) => checkOneOf(`probe.only[${index}]`, name, ALL));
  return {
    names: CHECK_NAMES.filter((name) => only.includes(name)),
    honesty: only.includes(HONESTY),
    model: model === undefined ? undefined : checkText('probe.model', model, 'a model'),
    embeddingModel:
      embeddingModel === undefined ? undefined : checkText('probe.embeddingModel', embeddingModel, 'a model'),
    contextTokens:
      contextTokens === undefined
        ? undefined
        : checkNumber('probe.contextTokens', contextTokens, { min: 1, max: MAX_CONTEXT_TOKENS, integer: true }),
    timeoutMs: checkDuration('probe.timeout', timeout),
    budgetUsd: checkNumber('probe.budgetUsd', budgetUsd, { min: 0 }),
    signal,
  };
}

/** @throws ConfigError */
export function resolveActiveProbe(
  options: ActiveProbeOptions | undefined,
  names: readonly string[],
): ActiveProbePolicy | undefined {
  if (options === undefined) return undefined;
  checkKeys('canary.probe', options, ['every', 'timeout', 'budgetUsd', 'upstreams']);
  const { every, timeout = '10s', budgetUsd = 0, upstreams = names } = options;
  checkList('canary.probe.upstreams', upstreams, 'a list of upstreams');
  upstreams.forEach((name, index) => checkOneOf(`canary.probe.upstreams[${index}]`, name, names));
  return {
    everyMs: checkDuration('canary.probe.every', every, { min: 1_000 }),
    timeoutMs: checkDuration('canary.probe.timeout', timeout),
    budgetUsd: checkNumber('canary.probe.budgetUsd', budgetUsd, { min: 0 }),
    upstreams,
  };
}

const HONESTY = 'honesty';
const ALL: readonly (CheckName | 'honesty')[] = [...CHECK_NAMES, HONESTY];

/** The prompt for a larger window would exceed the body size that providers accept. */
const MAX_CONTEXT_TOKENS = 2_000_000;

const PROBE_OPTION_NAMES = Object.keys({
  only: true,
  model: true,
  embeddingModel: true,
  contextTokens: true,
  timeout: true,
  budgetUsd: true,
  signal: true,
} satisfies Record<keyof ProbeOptions, true>);
