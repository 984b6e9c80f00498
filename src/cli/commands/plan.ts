/** `plan`: estimates how long a rollout takes, and what a bad canary costs until it is rolled back. */

import type { Command } from 'commander';
import { planRollout, type RolloutPlan, type StepPlan } from '../../analysis/index.ts';
import type { RolloutOptions } from '../../index.ts';
import { duration, percent } from '../../domain/format.ts';
import { createClient } from '../create-client.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, PROBLEMS_FOUND } from '../exit-codes.ts';
import { table } from '../format.ts';
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
    .description('estimate how long the rollout takes and how soon it detects a bad canary')
    .option('--calls-per-second <number>', 'the call rate of stable and canary together')
    .option('--trace <file>', 'take the call rate from recorded traffic (CSV)')
    .option('--error-rate <share>', 'the error rate of stable, 0 to 1', '0.01')
    .addHelpText('after', '\nExample:\n  $ openai-canary plan --calls-per-second 20 --error-rate 0.005');
}

export async function runPlan(options: PlanOptions, { terminal }: CommandContext): Promise<number> {
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  // Creating the client validates the configuration.
  await createClient(loaded, offlineConfig(config)).canary.close();
  const rollouts = [config.canary?.rollout ?? []].flat();
  if (rollouts.length === 0) throw new UsageError(`${loaded.name} has no canary.rollout`);
  const callsPerSecond = await callRateOf(options);
  const errorRate = numberOption('error-rate', options.errorRate, { min: 0, max: 1 });
  const plans = rollouts.map((rollout) => ({ to: rollout.to, plan: planOf(rollout, callsPerSecond, errorRate) }));
  if (options.json) terminal.out(JSON.stringify(plans, infinityAsNull, 2));
  else for (const { to, plan } of plans) for (const line of planLines(to, plan)) terminal.out(line);
  return plans.every(({ plan }) => plan.warnings.length === 0) ? DONE : PROBLEMS_FOUND;
}

async function callRateOf({ callsPerSecond, trace }: PlanOptions): Promise<number> {
  if (callsPerSecond !== undefined) return numberOption('calls-per-second', callsPerSecond, { min: 0.000_001 });
  if (trace === undefined) throw new UsageError('plan needs the call rate: pass --calls-per-second or --trace');
  const arrivals = await readTrace(trace);
  const seconds = (arrivals.at(-1)?.afterMs ?? 0) / 1_000;
  if (seconds > 0) return arrivals.length / seconds;
  throw new UsageError(`${trace} is too short to compute the call rate`);
}

function planOf({ steps, guardrails, alpha }: RolloutOptions, callsPerSecond: number, errorRate: number): RolloutPlan {
  // Only errors are planned, so the value of a latency's target does not matter.
  const entries = Object.entries(guardrails ?? { errorRate: {} });
  const acting = entries.filter(([, { dryRun }]) => dryRun !== true);
  const numeric = acting.map(([metric, { max, ...rest }]) => [
    metric,
    max === undefined ? rest : { ...rest, max: max === 'target' ? 1 : max },
  ]);
  return planRollout({ steps, callsPerSecond, errorRate, guardrails: Object.fromEntries(numeric), alpha });
}

const REGRESSIONS = ['×2', '×3', '×10', 'outage'] as const;

function planLines(to: string, { steps, totalMs, warnings }: RolloutPlan): string[] {
  const head = [
    'step',
    'weight',
    'duration',
    'calls',
    'canary calls',
    ...REGRESSIONS.map((name) => `${name} detected after`),
  ];
  const rows = steps.map((step, index) => [
    String(index + 1),
    step.shadow !== undefined
      ? `copies of ${percent(step.shadow)}`
      : step.holdback === undefined
        ? percent(step.weight)
        : `${percent(step.weight)}, less ${percent(step.holdback)}`,
    duration(step.timeMs),
    count(step.calls),
    count(step.canaryCalls),
    ...REGRESSIONS.map((name) => detection(step, name)),
  ]);
  return [
    `If ${to} is as good as stable, the rollout ${Number.isFinite(totalMs) ? `takes ${duration(totalMs)}` : 'never completes'}.`,
    '',
    ...table(head, rows, ['step']),
    '',
    ...(steps.some(({ holdback }) => holdback !== undefined)
      ? ['Less: what stable keeps for comparison until the promotion.']
      : []),
    ...(steps.some(({ shadow }) => shadow !== undefined) ? ['Copies of a shadow step reach no caller.'] : []),
    'Detected after: time until the rollback / failed canary calls until then. Times are approximate medians.',
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
}

function detection({ regressions }: StepPlan, name: (typeof REGRESSIONS)[number]): string {
  const match = regressions.find(({ regression }) => regression === name);
  if (!match) return '–';
  return Number.isFinite(match.afterMs) ? `${duration(match.afterMs)} / ${count(match.exposedFailures)}` : 'never';
}

function count(calls: number): string {
  return Number.isFinite(calls) ? String(Math.ceil(calls)) : '∞';
}

/** JSON has no infinity. */
function infinityAsNull(_key: string, value: unknown): unknown {
  return value === Infinity ? null : value;
}
