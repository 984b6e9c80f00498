/** `status`, `get` and `history`: where a rollout of a running process stands. */

import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CommandContext } from '../command.ts';
import { DONE, NO_ANSWER } from '../exit-codes.ts';
import { followRollout, type FollowOptions, type FollowedRollout } from '../follow-rollout.ts';
import type { Terminal } from '../terminal.ts';
import { changeLine, historyTable, rolloutLines } from '../rollout-lines.ts';

/** Options of every command that reaches a running process. */
export function withStore(command: Command): Command {
  return command
    .option('-s, --store <file>', 'the file that the process keeps its state in: fileStore(file)')
    .option('-r, --rollout <upstream>', 'the canary, where there are several rollouts');
}

/** A rollout that this program alone would begin says nothing of any process. */
export function tellUnknown({ kept, state }: FollowedRollout, { err, colours }: Terminal): number {
  const why =
    kept === 'nothing'
      ? `The store knows of no rollout to ${state.upstream}: no process has begun it`
      : `The rollout to ${state.upstream} is under way by another configuration: name that of the running process by --config`;
  err(colours.yellow(why));
  return NO_ANSWER;
}

export function describeStatus(command: Command): Command {
  return withStore(
    command
      .description('show where a rollout stands, on which evidence, and what it waits for')
      .addHelpText('after', '\nExample:\n  $ openai-canary status --store state.json'),
  );
}

export async function runStatus(options: FollowOptions, { terminal, signal }: CommandContext): Promise<number> {
  await using rollout = await followRollout(options, signal);
  if (rollout.kept !== 'all') return tellUnknown(rollout, terminal);
  if (options.json) terminal.out(JSON.stringify(rollout.state, null, 2));
  else for (const line of rolloutLines(rollout.state, Date.now(), terminal.colours)) terminal.out(line);
  return DONE;
}

interface GetOptions extends FollowOptions {
  readonly watch?: boolean;
}

export function describeGet(command: Command): Command {
  return withStore(
    command
      .description('show a rollout in one line; with -w a line for each change')
      .option('-w, --watch', 'go on until it is promoted or rolled back, or Ctrl-C')
      .addHelpText('after', '\nExample:\n  $ openai-canary get -w --store state.json'),
  );
}

const WATCH_MS = 500;

export async function runGet(options: GetOptions, { terminal, signal }: CommandContext): Promise<number> {
  await using rollout = await followRollout(options, signal);
  if (rollout.kept !== 'all') return tellUnknown(rollout, terminal);
  let told = '';
  do {
    const { state } = rollout;
    const line = options.json ? JSON.stringify(state) : changeLine(state);
    if (line !== told) terminal.out(line);
    told = line;
    if (state.phase === 'promoted' || state.phase === 'rolledBack') break;
    if (options.watch) await wait(WATCH_MS, undefined, { signal }).catch(() => undefined);
  } while (options.watch && !signal.aborted);
  return DONE;
}

export function describeHistory(command: Command): Command {
  return withStore(
    command
      .description('show what was decided, by whom, and on which numbers')
      .addHelpText('after', '\nExample:\n  $ openai-canary history --json --store state.json'),
  );
}

export async function runHistory(options: FollowOptions, { terminal, signal }: CommandContext): Promise<number> {
  await using rollout = await followRollout(options, signal);
  if (rollout.kept !== 'all') return tellUnknown(rollout, terminal);
  const { history } = rollout.control;
  if (options.json) terminal.out(JSON.stringify(history, null, 2));
  else if (history.length === 0) terminal.out('Nothing has been decided yet.');
  else for (const line of historyTable(history)) terminal.out(line);
  return DONE;
}
