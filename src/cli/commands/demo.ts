/** `demo`: a rollout on two simulated providers. */

import type { Command } from 'commander';
import type { CommandContext } from '../command.ts';
import { madeUpArrivals, type DemoArrival } from '../demo/arrivals.ts';
import { runLive } from '../demo/live.ts';
import { runRollout } from '../demo/rollout.ts';
import { DONE, INTERRUPTED, PROBLEMS_FOUND } from '../exit-codes.ts';
import { numberOption } from '../read-option.ts';
import { readTrace } from '../simulate/trace.ts';

interface DemoOptions {
  readonly trace?: string;
  readonly speed: string;
  readonly rows: string;
  readonly live?: boolean;
  readonly page?: boolean;
}

export function describeDemo(command: Command): Command {
  return command
    .description('watch a canary advance on evidence, begin to fail and be rolled back; needs no key and no network')
    .option('--trace <file>', 'replay recorded traffic (columns TIMESTAMP, ContextTokens, GeneratedTokens)')
    .option('--speed <number>', 'how many times faster than recorded', '200')
    .option('--rows <number>', 'the number of calls of the trace', '2000')
    .option('--page', 'serve the live page of the demo on this machine, until Ctrl-C')
    .option('--live', 'call OpenAI and HolySheep instead, for at most 0.10 USD')
    .addHelpText('after', '\nExample:\n  $ openai-canary demo');
}

export async function runDemo(options: DemoOptions, context: CommandContext): Promise<number> {
  const kept = options.live
    ? await runLive(context.terminal)
    : await runRollout(await arrivalsOf(options), context, options.page === true);
  if (context.signal.aborted) return INTERRUPTED;
  return kept ? DONE : PROBLEMS_FOUND;
}

async function arrivalsOf({ trace, rows, speed }: DemoOptions): Promise<readonly DemoArrival[]> {
  if (trace === undefined) return madeUpArrivals();
  const factor = numberOption('speed', speed, { min: Number.MIN_VALUE });
  const arrivals = await readTrace(trace);
  return arrivals
    .slice(0, numberOption('rows', rows, { min: 1, integer: true }))
    .map(({ afterMs, ...size }) => ({ ...size, afterMs: afterMs / factor }));
}
