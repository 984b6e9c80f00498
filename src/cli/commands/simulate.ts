/** `simulate`: replays recorded traffic in simulated time. */

import type { Command } from 'commander';
import { ManualClock } from '../../testing/index.ts';
import { duration, percent } from '../../domain/format.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, INTERRUPTED } from '../exit-codes.ts';
import { table, usd } from '../format.ts';
import { openLiveView } from '../live-view.ts';
import { loadConfig, type ClientConfig } from '../load-config.ts';
import { behavioursOf, type BehaviourOptions } from '../simulate/behaviours.ts';
import { runSimulation, type Simulated } from '../simulate/run-simulation.ts';
import { readTrace } from '../simulate/trace.ts';
import { numberOption, timeOption } from '../read-option.ts';

interface SimulateOptions extends CommonOptions, BehaviourOptions {
  readonly model: string;
  readonly users: string;
  readonly seed: string;
  readonly for?: string;
}

export function describeSimulate(command: Command): Command {
  const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];
  return command
    .description('replay recorded traffic in simulated time, without requests')
    .argument('<trace>', 'a CSV file with the columns TIMESTAMP, ContextTokens, GeneratedTokens and optionally User')
    .option(
      '-e, --errors <upstream=share[@time]>',
      'the error rate of an upstream, optionally from a time on',
      collect,
      [],
    )
    .option('-l, --latency <upstream=ms>', 'the median latency of an upstream before the first token', collect, [])
    .option('-m, --model <name>', 'the model to request', 'gpt-4.1')
    .option('--users <number>', 'the number of users, if the trace has no User column', '1000')
    .option('--for <time>', 'repeat the trace for this long: 90s, 30m, 4h, 2d')
    .option('--seed <number>', 'the same seed gives the same result', '1')
    .addHelpText('after', '\nExample:\n  $ openai-canary simulate trace.csv --errors deepseek=0.08@30m --for 2h');
}

export async function runSimulate(file: string, options: SimulateOptions, context: CommandContext): Promise<number> {
  const { terminal, signal } = context;
  const config = await loadConfig(options.config);
  const trace = await readTrace(file);
  const clock = new ManualClock();
  const behaviours = behavioursOf(options, namesIn(config.options), clock.now());
  let progress = 0;
  const line = (): string => `${percent(progress)} simulated${signal.aborted ? ', stopping' : ''}`;
  const view = openLiveView(terminal, { lines: () => [line()], summary: line });
  const simulated = await runSimulation({
    config,
    trace,
    behaviours,
    clock,
    forMs: options.for === undefined ? undefined : timeOption('for', options.for),
    model: options.model,
    users: numberOption('users', options.users, { min: 1, integer: true }),
    seed: numberOption('seed', options.seed, { min: 0, integer: true }),
    signal,
    onProgress: (share) => (progress = share),
  }).finally(view.close);
  report(simulated, options, context);
  await simulated.ai.canary.close();
  if (!signal.aborted) return DONE;
  terminal.err(`Stopped after ${percent(progress)} of the simulated time.`);
  return INTERRUPTED;
}

function namesIn({ canary = {} }: ClientConfig): readonly string[] {
  return [canary.name ?? 'openai', ...Object.keys(canary.upstreams ?? {})];
}

function report(
  { ai, calls, lost, tookMs, decisions }: Simulated,
  { json }: SimulateOptions,
  { terminal }: CommandContext,
) {
  const { total, upstreams } = ai.canary.costs();
  const { weights } = ai.canary;
  if (json) return terminal.out(JSON.stringify({ calls, lost, tookMs, weights, total, upstreams, decisions }, null, 2));
  terminal.out(
    `${calls} calls in ${duration(tookMs)} of simulated time: ${lost} lost, ${usd(total.costUsd)} spent, ${usd(total.savingsUsd)} saved\n`,
  );
  const rows = Object.entries(upstreams).map(([name, sum]) => [
    name,
    percent(weights[name]),
    String(sum.attempts),
    usd(sum.costUsd),
    usd(sum.savingsUsd),
  ]);
  for (const row of table(['upstream', 'final weight', 'attempts', 'cost', 'saved'], rows, ['upstream']))
    terminal.out(row);
  terminal.out('');
  const timeline = decisions.map(({ afterMs, event, text }) => [duration(afterMs), event, text]);
  if (timeline.length === 0) return terminal.out('No alerts, breaker changes or rollout decisions.');
  for (const row of table(['after', 'event', 'details'], timeline, ['event', 'details'])) terminal.out(row);
}
