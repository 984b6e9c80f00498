/** `plan`: how long a rollout will take, and what a bad canary would cost, said before it begins. */

import type { Command } from 'commander';
import { planRollout, type RolloutPlan, type StepPlan } from '../../analysis/index.ts';
import type { RolloutOptions } from '../../index.ts';
import { clientOf } from '../client-of.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, NOT_WELL } from '../exit-codes.ts';
import { duration, percent, table } from '../format.ts';
import { loadConfig } from '../load-config.ts';
import { offlineConfig } from '../simulated-config.ts';
import { readTrace } from '../simulate/trace.ts';
import { numberOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';

interface PlanOptions extends CommonOptions {
  readonly callsPerSecond?: string;
  readonly trace?: string;
  readonly errorRate: string;
}

export function describePlan(command: Command): Command {
  return command
    .description('say how long the rollout of a configuration will take, and how soon a bad canary is caught')
    .option('--calls-per-second <number>', 'calls of stable and canary together')
    .option('--trace <file>', 'take the pace from recorded traffic')
    .option('--error-rate <share>', "stable's share of failing calls", '0.01')
    .addHelpText('after', '\nExample:\n  $ openai-canary plan --calls-per-second 20 --error-rate 0.005');
}

export async function runPlan(options: PlanOptions, { terminal }: CommandContext): Promise<number> {
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  // Whatever cannot be right is said here, with its path.
  clientOf(loaded, offlineConfig(config)).canary.close();
  const rollouts = [config.canary?.rollout ?? []].flat();
  if (rollouts.length === 0) throw new UsageError(`${loaded.name} has no canary.rollout`);
  const callsPerSecond = await paceOf(options);
  const errorRate = numberOption('error-rate', options.errorRate, { min: 0, max: 1 });
  const plans = rollouts.map((rollout) => ({ to: rollout.to, plan: planOf(rollout, callsPerSecond, errorRate) }));
  if (options.json) terminal.out(JSON.stringify(plans, infinityAsNull, 2));
  else for (const { to, plan } of plans) for (const line of planLines(to, plan)) terminal.out(line);
  return plans.every(({ plan }) => plan.warnings.length === 0) ? DONE : NOT_WELL;
}

async function paceOf({ callsPerSecond, trace }: PlanOptions): Promise<number> {
  if (callsPerSecond !== undefined) return numberOption('calls-per-second', callsPerSecond, { min: 0.000_001 });
  if (trace === undefined) throw new UsageError('The pace is needed: --calls-per-second, or --trace');
  const arrivals = await readTrace(trace);
  const seconds = (arrivals.at(-1)?.afterMs ?? 0) / 1_000;
  if (seconds > 0) return arrivals.length / seconds;
  throw new UsageError(`${trace} is too short to tell a pace`);
}

function planOf({ steps, guardrails, alpha }: RolloutOptions, callsPerSecond: number, errorRate: number): RolloutPlan {
  return planRollout({ steps, callsPerSecond, errorRate, guardrails, alpha });
}

const REGRESSIONS = ['×2', '×3', '×10', 'outage'] as const;

function planLines(to: string, { steps, totalMs, warnings }: RolloutPlan): string[] {
  const head = ['step', 'weight', 'takes', 'calls', 'on canary', ...REGRESSIONS.map((name) => `${name} caught after`)];
  const rows = steps.map((step, index) => [
    String(index + 1),
    percent(step.weight),
    duration(step.timeMs),
    count(step.calls),
    count(step.canaryCalls),
    ...REGRESSIONS.map((name) => caught(step, name)),
  ]);
  return [
    `A canary ${to} as good as stable is at its end after ${duration(totalMs)}.`,
    '',
    ...table(head, rows, ['step']),
    '',
    'Caught after: until the rollback, and failed canary calls until then. Times are near the median.',
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
}

function caught({ regressions }: StepPlan, name: (typeof REGRESSIONS)[number]): string {
  const found = regressions.find(({ regression }) => regression === name);
  if (!found) return '–';
  return Number.isFinite(found.afterMs) ? `${duration(found.afterMs)} / ${count(found.exposedFailures)}` : 'never';
}

function count(calls: number): string {
  return Number.isFinite(calls) ? String(Math.ceil(calls)) : '∞';
}

/** JSON has no infinity. */
function infinityAsNull(_key: string, value: unknown): unknown {
  return value === Infinity ? null : value;
}
