/** `status`, `get` and `history`: the state and the decisions of a rollout in a running process. */

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
    .option('-s, --store <file>', 'the state file of the running process: fileStore(file)')
    .option('-r, --rollout <upstream>', 'the canary, if there are several rollouts');
}

/** Prints why there is no rollout of a running process to show or change. @returns the exit code */
export function reportUnavailable({ stored, state }: FollowedRollout, { err, colours }: Terminal): number {
  const why =
    stored === 'missing'
      ? `The store has no rollout to ${state.upstream}: no process has started it`
      : `The rollout to ${state.upstream} was started with another configuration: pass that of the running process with --config`;
  err(colours.yellow(why));
  return NO_ANSWER;
}

export function describeStatus(command: Command): Command {
  return withStore(
    command
      .description('show the state of a rollout, its evidence and what it waits for')
      .addHelpText('after', '\nExample:\n  $ openai-canary status --store state.json'),
  );
}

export async function runStatus(options: FollowOptions, { terminal, signal }: CommandContext): Promise<number> {
  await using rollout = await followRollout(options, signal);
  if (rollout.stored !== 'current') return reportUnavailable(rollout, terminal);
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
      .description('print the state of a rollout in one line')
      .option('-w, --watch', 'print a line for each change until it is promoted or rolled back')
      .addHelpText('after', '\nExample:\n  $ openai-canary get -w --store state.json'),
  );
}

const WATCH_MS = 500;

export async function runGet(options: GetOptions, { terminal, signal }: CommandContext): Promise<number> {
  await using rollout = await followRollout(options, signal);
  if (rollout.stored !== 'current') return reportUnavailable(rollout, terminal);
  let lastLine = '';
  do {
    const { state } = rollout;
    const line = options.json ? JSON.stringify(state) : changeLine(state);
    if (line !== lastLine) terminal.out(line);
    lastLine = line;
    if (state.phase === 'promoted' || state.phase === 'rolledBack') break;
    if (options.watch) await wait(WATCH_MS, undefined, { signal }).catch(() => undefined);
  } while (options.watch && !signal.aborted);
  return DONE;
}

export function describeHistory(command: Command): Command {
  return withStore(
    command
      .description('show all decisions, who made them and on which numbers')
      .addHelpText('after', '\nExample:\n  $ openai-canary history --json --store state.json'),
  );
}

export async function runHistory(options: FollowOptions, { terminal, signal }: CommandContext): Promise<number> {
  await using rollout = await followRollout(options, signal);
  if (rollout.stored !== 'current') return reportUnavailable(rollout, terminal);
  const { history } = rollout.control;
  if (options.json) terminal.out(JSON.stringify(history, null, 2));
  else if (history.length === 0) terminal.out('No decisions yet.');
  else for (const line of historyTable(history)) terminal.out(line);
  return DONE;
}
