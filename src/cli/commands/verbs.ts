/** The verbs on a rollout of a running process. A command is put into the store, and the process in charge executes it. */

import type { Command } from 'commander';
import type { RolloutControl, RolloutReport } from '../../index.ts';
import type { CommandContext } from '../command.ts';
import { DONE, NO_ANSWER } from '../exit-codes.ts';
import { followRollout, type FollowOptions } from '../follow-rollout.ts';
import { changeLine } from '../rollout-lines.ts';
import { timeOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';
import { reportUnavailable, withStore } from './status.ts';

interface VerbOptions extends FollowOptions {
  readonly timeout: string;
  readonly full?: boolean;
}

interface Verb {
  readonly name: string;
  readonly about: string;
  /** An example of its arguments, for `--help`. */
  readonly example: string;
  /** The argument in Commander's notation, and its description. */
  readonly argument?: readonly [form: string, about: string];
  readonly ask: (control: RolloutControl, argument: string | undefined, options: VerbOptions) => void;
  /** Whether the running process has executed it. */
  readonly isDone: (
    after: RolloutReport,
    before: RolloutReport,
    argument: string | undefined,
    options: VerbOptions,
  ) => boolean;
}

const REASON = ['[reason]', 'recorded in the history'] as const;

export const VERBS: readonly Verb[] = [
  {
    name: 'promote',
    about: 'start the next step now; with --full go to the last step',
    example: 'promote --full',
    ask: (control, _, { full }) => control.promote({ full: full === true }),
    isDone: (after, before, _, { full }) =>
      after.phase === 'promoted' || (!full && (after.step > before.step || after.run > before.run)),
  },
  {
    name: 'pause',
    about: 'stay at the current step until resume',
    example: 'pause "until Monday"',
    argument: REASON,
    ask: (control, reason) => control.pause(reason),
    isDone: ({ phase }) => phase === 'paused',
  },
  {
    name: 'resume',
    about: 'continue after a pause',
    example: 'resume',
    ask: (control) => control.resume(),
    isDone: ({ phase }) => phase === 'progressing',
  },
  {
    name: 'rollback',
    about: 'take the canary out of service',
    example: 'rollback "users complain"',
    argument: REASON,
    ask: (control, reason) => control.rollback(reason),
    isDone: ({ phase }) => phase === 'rolledBack',
  },
  {
    name: 'retry',
    about: 'start again at the first step after a rollback',
    example: 'retry',
    ask: (control) => control.retry(),
    isDone: (after, before) => after.run > before.run,
  },
  {
    name: 'undo',
    about: 'return to the former stable after a promotion',
    example: 'undo',
    ask: (control) => control.undo(),
    isDone: ({ phase }) => phase === 'rolledBack',
  },
  {
    name: 'set-weight',
    about: 'change the share of calls until the next step',
    example: 'set-weight 0.1',
    argument: ['<share>', '0 to 1'],
    ask: (control, share) => control.setWeight(shareOf(share)),
    isDone: ({ weight }, _, share) => weight === shareOf(share),
  },
];

export function describeVerb(command: Command, { name, about, argument, example }: Verb): Command {
  withStore(command.description(about)).option(
    '--timeout <time>',
    'how long to wait for the running process: 500ms, 15s, 1m',
    '15s',
  );
  command.addHelpText('after', `\nExample:\n  $ openai-canary ${example} --store state.json`);
  if (name === 'promote') command.option('--full', 'go to the last step at once');
  return argument ? command.argument(...argument) : command;
}

/** @throws RolloutError if the verb is not possible in the current phase */
export async function runVerb(
  { name, ask, isDone }: Verb,
  argument: string | undefined,
  options: VerbOptions,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const timeoutMs = timeOption('timeout', options.timeout);
  await using rollout = await followRollout(options, signal);
  // With another configuration the result of the command is not visible here.
  if (rollout.stored === 'foreign') return reportUnavailable(rollout, terminal);
  const before = rollout.state;
  ask(rollout.control, argument, options);
  const done = await rollout.waitUntil((after) => isDone(after, before, argument, options), timeoutMs, signal);
  if (options.json) terminal.out(JSON.stringify(rollout.state, null, 2));
  else if (done) terminal.out(changeLine(rollout.state));
  if (done) return DONE;
  terminal.err(
    `No running process executed ${name} within ${options.timeout}; the command stays in the store until one does`,
  );
  return NO_ANSWER;
}

function shareOf(text: string | undefined): number {
  const share = Number(text);
  if (text?.trim() && share >= 0 && share <= 1) return share;
  throw new UsageError(`The share should be between 0 and 1, got ${text ?? 'nothing'}`);
}
