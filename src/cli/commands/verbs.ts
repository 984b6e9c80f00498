/** The verbs on a rollout of a running process: each is left in the store, and the process in charge carries it out. */

import type { Command } from 'commander';
import type { RolloutControl, RolloutReport } from '../../index.ts';
import type { CommandContext } from '../command.ts';
import { DONE, NO_ANSWER } from '../exit-codes.ts';
import { followRollout, type FollowOptions } from '../follow-rollout.ts';
import { changeLine } from '../rollout-lines.ts';
import { timeOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';
import { tellUnknown, withStore } from './status.ts';

interface VerbOptions extends FollowOptions {
  readonly timeout: string;
  readonly full?: boolean;
}

/** One verb. */
interface Verb {
  readonly name: string;
  readonly about: string;
  /** Of how it is called. */
  readonly example: string;
  /** What follows its name, as Commander writes it. */
  readonly argument?: readonly [form: string, about: string];
  readonly ask: (control: RolloutControl, argument: string | undefined, options: VerbOptions) => void;
  /** The end that it leads to. */
  readonly isDone: (
    after: RolloutReport,
    before: RolloutReport,
    argument: string | undefined,
    options: VerbOptions,
  ) => boolean;
}

const REASON = ['[reason]', 'for the history, and for whoever reads it'] as const;

export const VERBS: readonly Verb[] = [
  {
    name: 'promote',
    about: 'begin the next step now; with --full give the canary its last step at once',
    example: 'promote --full',
    ask: (control, _, { full }) => control.promote({ full: full === true }),
    isDone: (after, before, _, { full }) =>
      after.phase === 'promoted' || (!full && (after.step > before.step || after.run > before.run)),
  },
  {
    name: 'pause',
    about: 'begin no further step until resume',
    example: 'pause "until Monday"',
    argument: REASON,
    ask: (control, reason) => control.pause(reason),
    isDone: ({ phase }) => phase === 'paused',
  },
  {
    name: 'resume',
    about: 'go on after a pause',
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
    about: 'begin again at the first step, after a rollback',
    example: 'retry',
    ask: (control) => control.retry(),
    isDone: (after, before) => after.run > before.run,
  },
  {
    name: 'undo',
    about: 'go back to the former stable, after a promotion',
    example: 'undo',
    ask: (control) => control.undo(),
    isDone: ({ phase }) => phase === 'rolledBack',
  },
  {
    name: 'set-weight',
    about: "set another share of calls in place of the step's, until the next step",
    example: 'set-weight 0.1',
    argument: ['<share>', '0 to 1'],
    ask: (control, share) => control.setWeight(shareOf(share)),
    isDone: ({ weight }, _, share) => weight === shareOf(share),
  },
];

export function describeVerb(command: Command, { name, about, argument, example }: Verb): Command {
  withStore(command.description(about)).option(
    '--timeout <time>',
    'how long to wait for a process to do it: 500ms, 15s, 1m',
    '15s',
  );
  command.addHelpText('after', `\nExample:\n  $ openai-canary ${example} --store state.json`);
  if (name === 'promote') command.option('--full', 'to the end, whatever steps there are');
  return argument ? command.argument(...argument) : command;
}

/** @throws RolloutError where the verb makes no sense in the phase */
export async function runVerb(
  { name, ask, isDone }: Verb,
  argument: string | undefined,
  options: VerbOptions,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const timeoutMs = timeOption('timeout', options.timeout);
  await using rollout = await followRollout(options, signal);
  // Another configuration would not see what comes of it.
  if (rollout.kept === 'foreign') return tellUnknown(rollout, terminal);
  const before = rollout.state;
  ask(rollout.control, argument, options);
  const done = await rollout.until((after) => isDone(after, before, argument, options), timeoutMs, signal);
  if (options.json) terminal.out(JSON.stringify(rollout.state, null, 2));
  else if (done) terminal.out(changeLine(rollout.state));
  if (done) return DONE;
  terminal.err(
    `No running process took the command ${name} within ${options.timeout}: it waits in the store for one that does`,
  );
  return NO_ANSWER;
}

function shareOf(text: string | undefined): number {
  const share = Number(text);
  if (text?.trim() && share >= 0 && share <= 1) return share;
  throw new UsageError(`The share should be between 0 and 1, got ${text ?? 'nothing'}`);
}
