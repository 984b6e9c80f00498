/** Runs the checks of a probe in a sensible order, and puts together what they found. */

import type { Requirement } from '../domain/call.ts';
import {
  CHECK_NAMES,
  type CheckName,
  type CheckResult,
  type Finding,
  type ProbedCapabilities,
  type ProbeReport,
} from '../domain/probe.ts';
import { Asker } from './ask.ts';
import { type Check, skip, type Verdict } from './check.ts';
import { CHECKS } from './checks.ts';
import { findSuspects } from './honesty.ts';
import { NotAsked, type ProbeInput, Probing } from './probing.ts';
import { tableOf } from './table.ts';

/** What is to be found out, and who is told of each check as it ends. */
export interface ProbeWork {
  readonly names: readonly CheckName[];
  /** Whether what the upstream says of its answers is compared with what is known. */
  readonly honesty: boolean;
  readonly onCheck: (result: CheckResult, done: number) => void;
}

/** What a check concluded, and whether anything follows from it for what the upstream can do. */
export interface Concluded {
  readonly result: CheckResult;
  readonly tells: boolean;
}

/** Checks that do not depend on each other run at once, but not so many that the upstream's rate limit is met. */
const AT_ONCE = 4;

/** Each stage waits for the one before. Five calls at once are measured alone; what was refused is judged at the end. */
const LATER: readonly (readonly CheckName[])[] = [['concurrency'], ['errorShape', 'retryAfter']];
const EARLIER: readonly (readonly CheckName[])[] = [['connection'], ['models', 'chat'], ['tools', 'embeddings']];

/** Never rejects for what an upstream does. */
export async function runProbe(input: ProbeInput, { names, honesty, onCheck }: ProbeWork): Promise<ProbeReport> {
  const startedAtMs = input.clock.now();
  const probing = new Probing(input);
  const results = new Map<CheckName, Concluded>();
  let findings: readonly Finding[] = [];
  const staged = [...EARLIER, ...LATER].flat();
  const rest = CHECK_NAMES.filter((name) => !staged.includes(name));
  const look = async (): Promise<void> => {
    if (honesty && canGoOn('chat', results)) findings = await suspectsOf(probing);
  };
  for (const stage of [...EARLIER, rest, ...LATER]) {
    const jobs = stage
      .filter((name) => names.includes(name))
      .map((name) => async () => {
        const concluded = await conclude(CHECKS[name], probing, results);
        results.set(name, concluded);
        onCheck(concluded.result, results.size);
      });
    await runSome(stage === rest ? [look, ...jobs] : jobs);
  }
  const concluded = CHECK_NAMES.flatMap((name) => results.get(name) ?? []);
  const report = {
    upstream: input.upstream.name,
    model: input.model,
    checks: concluded.map(({ result }) => result),
    capabilities: capabilitiesOf(concluded),
    findings,
    costUsd: probing.spentUsd,
    durationMs: input.clock.now() - startedAtMs,
  };
  return { ...report, table: () => tableOf(report) };
}

async function conclude(
  check: Check,
  probing: Probing,
  results: ReadonlyMap<CheckName, Concluded>,
): Promise<Concluded> {
  const { clock } = probing.input;
  const startedAtMs = clock.now();
  const ask = new Asker(probing);
  const verdict = canGoOn(check.needs, results)
    ? await verdictOf(check, ask)
    : skip(`${check.needs ?? ''} did not pass`);
  const { status, evidence, tells = true } = verdict;
  const durationMs = clock.now() - startedAtMs;
  return { result: { name: check.name, status, evidence, durationMs, costUsd: ask.costUsd }, tells };
}

async function verdictOf(check: Check, ask: Asker): Promise<Verdict> {
  try {
    return await check.run(ask);
  } catch (error) {
    if (error instanceof NotAsked) return skip(error.message);
    throw error;
  }
}

async function suspectsOf(probing: Probing): Promise<readonly Finding[]> {
  try {
    return await findSuspects(new Asker(probing));
  } catch (error) {
    if (error instanceof NotAsked) return [];
    throw error;
  }
}

/** A check that was not made stands in nobody's way. */
function canGoOn(needed: CheckName | undefined, results: ReadonlyMap<CheckName, Concluded>): boolean {
  const before = needed === undefined ? undefined : results.get(needed);
  return before === undefined || before.result.status === 'pass';
}

async function runSome(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = jobs.values();
  const worker = async (): Promise<void> => {
    for (const job of waiting) await job();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/* PART: What follows from checks for the calls that an upstream may be asked to serve. */

/** Only what was found out: what was skipped, or went wrong for another reason, says nothing. */
function capabilitiesOf(
  concluded: readonly { readonly result: CheckResult; readonly tells: boolean }[],
): ProbedCapabilities {
  const found: Partial<Record<Requirement, boolean>> = {};
  for (const { result, tells } of concluded) {
    const { name, status } = result;
    const requirement = REQUIREMENT_OF[name];
    if (requirement && tells && status !== 'skipped') found[requirement] = status === 'pass';
  }
  return found;
}

const REQUIREMENT_OF: Readonly<Partial<Record<CheckName, Requirement>>> = {
  tools: 'tools',
  vision: 'vision',
  jsonSchema: 'jsonSchema',
  logprobs: 'logprobs',
  choices: 'multipleChoices',
};
