/** `status`, `get` and `history`: the state and the decisions of a rollout. */

import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CommandContext } from '../command.ts';
import { DONE, NO_ANSWER } from '../exit-codes.ts';
import { findRollout, type FollowOptions, type FoundRollout, readFound } from '../follow-rollout.ts';
import type { Terminal } from '../terminal.ts';
import { changeLine, historyTable, rolloutLines } from '../rollout-lines.ts';

/** Options of every command on a rollout. */
export function withStore(command: Command): Command {
  return command
    .option(
      '-s, --store <file>',
      'the state of the running processes: the file of fileStore(file), or redis://host:6379?prefix=canary; no configuration is needed',
    )
    .option('-r, --rollout <upstream>', 'the canary, if there are several rollouts');
}

async function find(options: FollowOptions, terminal: Terminal): Promise<FoundRollout | undefined> {
  const rollout = await findRollout(options, terminal);
  return rollout && readFound(rollout, terminal);
}

export function describeStatus(command: Command): Command {
  return withStore(
    command
      .description('show the state of a rollout, its evidence and what it waits for')
      .addHelpText('after', '\nExample:\n  $ openai-canary status --store state.json'),
  );
}

export async function runStatus(options: FollowOptions, { terminal }: CommandContext): Promise<number> {
  const found = await find(options, terminal);
  if (!found) return NO_ANSWER;
  if (options.json) terminal.out(JSON.stringify(found.report, null, 2));
  else for (const line of rolloutLines(found.report, Date.now(), terminal.colours)) terminal.out(line);
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
  const rollout = await findRollout(options, terminal);
  let lastLine = '';
  do {
    const found = rollout && (await readFound(rollout, terminal));
    if (!found) return NO_ANSWER;
    const { report } = found;
    const line = options.json ? JSON.stringify(report) : changeLine(report);
    if (line !== lastLine) terminal.out(line);
    lastLine = line;
    if (report.phase === 'promoted' || report.phase === 'rolledBack') break;
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

export async function runHistory(options: FollowOptions, { terminal }: CommandContext): Promise<number> {
  const found = await find(options, terminal);
  if (!found) return NO_ANSWER;
  const { history } = found;
  if (options.json) terminal.out(JSON.stringify(history, null, 2));
  else if (history.length === 0) terminal.out('No decisions yet.');
  else for (const line of historyTable(history)) terminal.out(line);
  return DONE;
}
