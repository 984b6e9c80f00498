/** Runs the checks of a probe in stages and builds the report. */

import type { Requirement } from '../domain/call.ts';
import {
  CHECK_NAMES,
  type CheckName,
  type CheckResult,
  type Finding,
  type ProbedCapabilities,
  type ProbeReport,
} from '../domain/probe.ts';
import { ProbeClient } from './probe-client.ts';
import { type Check, skip, type Verdict } from './check.ts';
import { CHECKS } from './checks.ts';
import { findSuspects } from './honesty.ts';
import { RequestSkipped, type ProbeInput, ProbeContext } from './probe-context.ts';
import { tableOf } from './table.ts';

/** What to run, and the callback for each ended check. */
export interface ProbeWork {
  readonly names: readonly CheckName[];
  /** Whether to compare what the upstream reports about its answers with known facts. */
  readonly honesty: boolean;
  readonly onCheck: (result: CheckResult, done: number, conclusive: boolean) => void;
}

/** The result of a check, and whether it decides a capability of the upstream. */
interface Conclusion {
  readonly result: CheckResult;
  readonly conclusive: boolean;
}

/** Independent checks run concurrently; the bound keeps them below common rate limits. */
const MAX_CONCURRENCY = 4;

/** Each stage waits for the previous one; the checks that are not listed run between the first and the last stages. */
const FIRST_STAGES: readonly (readonly CheckName[])[] = [['connection'], ['models', 'chat'], ['tools', 'embeddings']];
/** Concurrency is measured without other requests. The checks of refusals need all refusals. */
const LAST_STAGES: readonly (readonly CheckName[])[] = [['concurrency'], ['errorShape', 'retryAfter']];

/** Never rejects because of the upstream: its failures become results. */
export async function runProbe(input: ProbeInput, { names, honesty, onCheck }: ProbeWork): Promise<ProbeReport> {
  const startedAtMs = input.clock.now();
  const context = new ProbeContext(input);
  const results = new Map<CheckName, Conclusion>();
  let findings: readonly Finding[] = [];
  const staged = [...FIRST_STAGES, ...LAST_STAGES].flat();
  const rest = CHECK_NAMES.filter((name) => !staged.includes(name));
  const checkHonesty = async (): Promise<void> => {
    if (honesty && isAllowed('chat', results)) findings = await findingsOf(context);
  };
  for (const stage of [...FIRST_STAGES, rest, ...LAST_STAGES]) {
    const jobs = stage
      .filter((name) => names.includes(name))
      .map((name) => async () => {
        const concluded = await conclude(CHECKS[name], context, results);
        results.set(name, concluded);
        onCheck(concluded.result, results.size, concluded.conclusive);
      });
    await runSome(stage === rest ? [checkHonesty, ...jobs] : jobs);
  }
  const concluded = CHECK_NAMES.flatMap((name) => results.get(name) ?? []);
  const report = {
    upstream: input.upstream.name,
    model: input.model,
    checks: concluded.map(({ result }) => result),
    capabilities: capabilitiesOf(concluded),
    findings,
    costUsd: context.spentUsd,
    durationMs: input.clock.now() - startedAtMs,
  };
  return { ...report, table: () => tableOf(report) };
}

async function conclude(
  check: Check,
  context: ProbeContext,
  results: ReadonlyMap<CheckName, Conclusion>,
): Promise<Conclusion> {
  const { clock } = context.input;
  const startedAtMs = clock.now();
  const client = new ProbeClient(context);
  const verdict = isAllowed(check.needs, results)
    ? await verdictOf(check, client)
    : skip(`${check.needs ?? ''} did not pass`);
  const { status, evidence, conclusive = true } = verdict;
  const durationMs = clock.now() - startedAtMs;
  return { result: { name: check.name, status, evidence, durationMs, costUsd: client.costUsd }, conclusive };
}

async function verdictOf(check: Check, client: ProbeClient): Promise<Verdict> {
  try {
    return await check.run(client);
  } catch (error) {
    if (error instanceof RequestSkipped) return skip(error.message);
    throw error;
  }
}

async function findingsOf(context: ProbeContext): Promise<readonly Finding[]> {
  try {
    return await findSuspects(new ProbeClient(context));
  } catch (error) {
    if (error instanceof RequestSkipped) return [];
    throw error;
  }
}

/** Whether a check may run: the check that it needs passed, or is not part of the probe. */
function isAllowed(needed: CheckName | undefined, results: ReadonlyMap<CheckName, Conclusion>): boolean {
  const before = needed === undefined ? undefined : results.get(needed);
  return before === undefined || before.result.status === 'pass';
}

async function runSome(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = jobs.values();
  const worker = async (): Promise<void> => {
    for (const job of waiting) await job();
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENCY }, worker));
}

/** The capabilities that conclusive results decide. */
function capabilitiesOf(concluded: readonly Conclusion[]): ProbedCapabilities {
  const capabilities: Partial<Record<Requirement, boolean>> = {};
  for (const { result, conclusive } of concluded) {
    const { name, status } = result;
    const requirement = REQUIREMENT_OF[name];
    if (requirement && conclusive && status !== 'skipped') capabilities[requirement] = status === 'pass';
  }
  return capabilities;
}

const REQUIREMENT_OF: Readonly<Partial<Record<CheckName, Requirement>>> = {
  tools: 'tools',
  vision: 'vision',
  jsonSchema: 'jsonSchema',
  logprobs: 'logprobs',
  choices: 'multipleChoices',
};
