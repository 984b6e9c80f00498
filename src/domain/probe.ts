/** What a probe asks of an upstream, and what it found. */

import type { Requirement } from './call.ts';

/** All checks, in the order in which a table shows them. */
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

/** One thing that is tried out on an upstream. */
export type CheckName = (typeof CHECK_NAMES)[number];

/**
 * `fail`: what was asked for was taken and not done, or went wrong. `unsupported`: the upstream says that it cannot, or shows
 * so without harm. `skipped`: nothing is known, and the evidence says why.
 */
export type CheckStatus = 'pass' | 'fail' | 'unsupported' | 'skipped';

/** What came of one check. */
export interface CheckResult {
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** A short sentence with numbers, for people. */
  readonly evidence: string;
  /** From the first request of the check to its last answer, in ms. */
  readonly durationMs: number;
  /** USD, of the requests that this check made first; `null` when none of them has a known price. */
  readonly costUsd: number | null;
}

/** What is compared with what the upstream says of itself. */
export type FindingName = 'servedModel' | 'promptTokens' | 'repeatedUsage' | 'cachedTokens';

/** Something that does not add up. There may be a good reason for it: it is worth asking about, and proves nothing. */
export interface Finding {
  readonly name: FindingName;
  readonly status: 'suspect';
  readonly evidence: string;
}

/** What an upstream turned out to be able to do; what could not be found out is left out. */
export type ProbedCapabilities = Readonly<Partial<Record<Requirement, boolean>>>;

/** `canary.probe(upstream)`. */
export interface ProbeReport {
  readonly upstream: string;
  /** The model that was asked for; `undefined` when none was needed. */
  readonly model: string | undefined;
  readonly checks: readonly CheckResult[];
  readonly capabilities: ProbedCapabilities;
  readonly findings: readonly Finding[];
  /** USD, over the requests whose cost is known; `null` without any. */
  readonly costUsd: number | null;
  readonly durationMs: number;
  /** The report as plain text, a line for each check. */
  table(): string;
}

/** One check of a probe has ended. */
export interface ProbeEvent {
  readonly upstream: string;
  readonly check: CheckName;
  readonly status: CheckStatus;
  readonly durationMs: number;
  readonly costUsd: number | null;
  /** Checks that have ended, and checks in all. */
  readonly done: number;
  readonly total: number;
  readonly atMs: number;
}
