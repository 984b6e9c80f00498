/** The checks of a probe and their results. */

import type { Requirement } from './call.ts';

/** All checks, in the order in which the table lists them. */
export const CHECK_NAMES = [
  'connection',
  'models',
  'chat',
  'usage',
  'streaming',
  'streamUsage',
  'streamDone',
  'tools',
  'toolArguments',
  'parallelTools',
  'streamedTools',
  'vision',
  'jsonMode',
  'jsonSchema',
  'embeddings',
  'embeddingDimensions',
  'responses',
  'choices',
  'seed',
  'stop',
  'maxTokens',
  'logprobs',
  'longOutput',
  'unknownModel',
  'badRequest',
  'contextLength',
  'concurrency',
  'errorShape',
  'retryAfter',
] as const;

/** The name of a check: one feature that is tried on an upstream. */
export type CheckName = (typeof CHECK_NAMES)[number];

/**
 * The result of a check.
 *
 * - `pass`: the upstream supports the feature.
 * - `fail`: the upstream accepted the request but did not do what was asked, or the check went wrong.
 * - `unsupported`: the upstream says that it does not support the feature, or shows so without harm.
 * - `skipped`: nothing is known; `evidence` gives the reason.
 */
export type CheckStatus = 'pass' | 'fail' | 'unsupported' | 'skipped';

/** The result of one check. */
export interface CheckResult {
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** A short readable sentence with numbers. */
  readonly evidence: string;
  /** ms from the first request of the check to its last response. */
  readonly durationMs: number;
  /** USD for the requests that this check was the first to make; `null` if no price is known. */
  readonly costUsd: number | null;
}

/** The name of a finding: a value that the upstream reports about itself and that is checked for plausibility. */
export type FindingName = 'servedModel' | 'promptTokens' | 'repeatedUsage' | 'cachedTokens';

/**
 * Something in the upstream's responses that is inconsistent. There may be a good reason: a finding is worth a question
 * to the provider, but proves nothing.
 */
export interface Finding {
  readonly name: FindingName;
  readonly status: 'suspect';
  readonly evidence: string;
}

/** The capabilities that the probe found or ruled out. Those that could not be determined are missing. */
export type ProbedCapabilities = Readonly<Partial<Record<Requirement, boolean>>>;

/** The result of `canary.probe(upstream)`. */
export interface ProbeReport {
  readonly upstream: string;
  /** The requested model; `undefined` when no model was needed. */
  readonly model: string | undefined;
  readonly checks: readonly CheckResult[];
  readonly capabilities: ProbedCapabilities;
  readonly findings: readonly Finding[];
  /** USD over the requests with a known cost; `null` if no cost is known. */
  readonly costUsd: number | null;
  readonly durationMs: number;
  /** The report as plain text, one line per check. */
  table(): string;
}

/** A check of a probe has ended. */
export interface ProbeEvent {
  readonly upstream: string;
  readonly check: CheckName;
  readonly status: CheckStatus;
  readonly durationMs: number;
  readonly costUsd: number | null;
  /** The checks that have ended, and all checks of the probe. */
  readonly done: number;
  readonly total: number;
  readonly atMs: number;
}
