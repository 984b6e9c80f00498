/** The commands of a rollout in its store: from other processes, and from the command line. */

import { checkNumber } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { fields } from '../domain/json.ts';
import type { Json } from '../domain/store.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { stepAt, type RolloutEvent } from './transition.ts';

/** The box of a rollout's commands in the store: messages `{ verb: 'pause', reason? }`. */
export function commandBox(to: string): string {
  return `commands:${to}`;
}

type CommandedPolicy = Pick<RolloutPolicy, 'steps' | 'reserve'>;

/** A command as it is read from the store. */
export interface StoredCommand {
  readonly event: RolloutEvent;
  readonly by: 'evidence' | 'rule' | 'user';
  readonly reason: string;
  /** The run that it is meant for; `undefined` for any. */
  readonly run: number | undefined;
  /** Whether the process that sent it has emitted its event. */
  readonly announced: boolean;
}

/**
 * @param policy the policy of the rollout: its steps, and the largest share of all calls that it may take
 * @throws TypeError for a message that is not a command
 */
export function toCommand(message: Json, policy: CommandedPolicy): StoredCommand {
  const { verb, reason: given, by: origin, run, announced } = fields(message);
  const reason = typeof given === 'string' && given !== '' ? given : 'requested through the store';
  const by = origin === 'evidence' || origin === 'rule' ? origin : 'user';
  const event = eventOf(verb, fields(message), { reason, by }, policy);
  return { event, by, reason, run: Number(run) || undefined, announced: announced === true };
}

/** @throws ConfigError unless a rollout can go back to the weight */
export function checkEarlierWeight(to: number, reserve: number): number {
  if (checkNumber('rollback.to', to, { min: 0, max: reserve }) > 0) return to;
  throw new ConfigError('rollback.to', 'should be above 0: without it the canary is taken out of service');
}

function eventOf(
  verb: unknown,
  { full, weight, to }: Readonly<Record<string, unknown>>,
  { reason, by }: Pick<StoredCommand, 'reason' | 'by'>,
  { steps, reserve }: CommandedPolicy,
): RolloutEvent {
  switch (verb) {
    case 'promote':
      return { verb, full: full === true };
    case 'pause':
      return { verb, reason, by: 'user' };
    case 'rollback':
      if (to === undefined) return { verb, reason, by };
      if (typeof to === 'number' && to > 0 && to <= reserve) return { verb, reason, by, to, step: stepAt(steps, to) };
      throw new TypeError(`the weight to go back to should be above 0, and at most ${reserve}`);
    case 'resume':
    case 'retry':
    case 'undo':
      return { verb };
    case 'setWeight':
      if (typeof weight === 'number' && weight >= 0 && weight <= reserve) return { verb, weight };
      throw new TypeError(`the weight should be between 0 and ${reserve}`);
    default:
      throw new TypeError('the command has no known verb');
  }
}
