/**
 * The verbs on a rollout. A command is put into the store, and the process in charge carries it out; if there is none,
 * the program does.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { RolloutCommand, RolloutInStore } from '../../index.ts';
import type { CommandContext } from '../command.ts';
import { DONE, NO_ANSWER } from '../exit-codes.ts';
import { findRollout, type FollowOptions, type FoundRollout, readFound } from '../follow-rollout.ts';
import { changeLine } from '../rollout-lines.ts';
import { timeOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';
import { withStore } from './status.ts';

interface VerbOptions extends FollowOptions {
  readonly timeout: string;
  readonly full?: boolean;
  readonly to?: string;
}

interface Verb {
  readonly name: string;
  readonly about: string;
  /** An example of its arguments, for `--help`. */
  readonly example: string;
  /** The argument in Commander's notation, and its description. */
  readonly argument?: readonly [form: string, about: string];
  readonly command: (argument: string | undefined, options: VerbOptions) => RolloutCommand;
  /**
   * Whether the command has been carried out.
   *
   * @param before `undefined` if the store had nothing that could be read
   */
  readonly isDone: (after: FoundRollout, before: FoundRollout | undefined, command: RolloutCommand) => boolean;
}

const REASON = ['[reason]', 'recorded in the history'] as const;

export const VERBS: readonly Verb[] = [
  {
    name: 'promote',
    about: 'start the next step now; with --full go to the last step',
    example: 'promote --full',
    command: (_, { full }) => ({ verb: 'promote', full: full === true }),
    isDone: ({ state, report }, before, command) => {
      if (state.phase === 'promoted') return true;
      return 'full' in command && !command.full && before !== undefined && report.step > before.report.step;
    },
  },
  {
    name: 'pause',
    about: 'stay at the current step until resume',
    example: 'pause "until Monday"',
    argument: REASON,
    command: (reason) => ({ verb: 'pause', reason }),
    isDone: ({ state }) => state.phase === 'paused',
  },
  {
    name: 'resume',
    about: 'continue after a pause',
    example: 'resume',
    command: () => ({ verb: 'resume' }),
    isDone: ({ state }) => state.phase === 'progressing',
  },
  {
    name: 'rollback',
    about: 'take the canary out of service; with --to go back to an earlier weight',
    example: 'rollback "users complain"',
    argument: REASON,
    command: (reason, { to }) => ({ verb: 'rollback', reason, ...(to !== undefined && { to: shareOf(to) }) }),
    isDone: ({ state }, _, command) =>
      'to' in command ? 'sinceMs' in state && state.weight === command.to : state.phase === 'rolledBack',
  },
  {
    name: 'retry',
    about: 'start again at the first step after a rollback',
    example: 'retry',
    command: () => ({ verb: 'retry' }),
    isDone: ({ state, report }, before) =>
      before ? state.run > before.state.run || before.report.phase === 'progressing' : report.phase === 'progressing',
  },
  {
    name: 'undo',
    about: 'return to the former stable after a promotion',
    example: 'undo',
    command: () => ({ verb: 'undo' }),
    isDone: ({ state }) => state.phase === 'rolledBack',
  },
  {
    name: 'set-weight',
    about: 'change the share of calls until the next step',
    example: 'set-weight 0.1',
    argument: ['<share>', '0 to 1, or 0% to 100%'],
    command: (share) => ({ verb: 'setWeight', weight: shareOf(share) }),
    isDone: ({ state }, _, command) => 'weight' in command && 'sinceMs' in state && state.weight === command.weight,
  },
];

export function describeVerb(command: Command, { name, about, argument, example }: Verb): Command {
  withStore(command.description(about)).option(
    '--timeout <time>',
    'how long to wait until it is carried out: 500ms, 15s, 1m',
    '15s',
  );
  command.addHelpText('after', `\nExample:\n  $ openai-canary ${example} --store state.json`);
  if (name === 'rollback') command.option('--to <share>', 'go back to this weight: 0 to 1, or 0% to 100%');
  if (name === 'promote') command.option('--full', 'go to the last step at once');
  return argument ? command.argument(...argument) : command;
}

/** How often the store is read. */
const POLL_MS = 200;

/** @throws RolloutError if the verb is not possible in the current phase */
export async function runVerb(
  verb: Verb,
  argument: string | undefined,
  options: VerbOptions,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const timeoutMs = timeOption('timeout', options.timeout);
  const command = verb.command(argument, options);
  const rollout = await findRollout(options, terminal);
  if (!rollout) return NO_ANSWER;
  const before = await readFound(rollout, terminal);
  await rollout.ask(command);
  const after = await waitUntilDone(rollout, (found) => verb.isDone(found, before, command), timeoutMs, signal);
  if (after && options.json) terminal.out(JSON.stringify(after.report, null, 2));
  else if (after) terminal.out(changeLine(after.report));
  if (after) return DONE;
  terminal.err(
    `No running process executed ${verb.name} within ${options.timeout}; the command stays in the store until one does`,
  );
  return NO_ANSWER;
}

/** `undefined` if that takes longer than `timeoutMs`, or was aborted. */
async function waitUntilDone(
  rollout: RolloutInStore,
  isDone: (found: FoundRollout) => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<FoundRollout | undefined> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const view = await rollout.read();
    if (view.kind === 'rollout' && isDone(view)) return view;
    if (signal.aborted || Date.now() >= endMs) return undefined;
    await wait(POLL_MS, undefined, { signal }).catch(() => undefined);
    // The process in charge may have died since.
    await rollout.carryOut();
  }
}

/** `0.5` and `50%`. */
function shareOf(text = ''): number {
  const [, number = '', percent] = /^\s*([\d.]+)\s*(%?)\s*$/.exec(text) ?? [];
  const share = Number(number) / (percent ? 100 : 1);
  if (number !== '' && share >= 0 && share <= 1) return share;
  throw new UsageError(`The share should be between 0 and 1, or between 0% and 100%, got ${text || 'nothing'}`);
}
