/** The commands of a rollout in its store: from other processes, and from the command line. */

import { fields } from '../domain/json.ts';
import type { Json } from '../domain/store.ts';
import type { RolloutEvent } from './transition.ts';

/** The box of a rollout's commands in the store: messages `{ verb: 'pause', reason? }`. */
export function commandBox(to: string): string {
  return `commands:${to}`;
}

/** A command as it is read from the store. */
export interface StoredCommand {
  readonly event: RolloutEvent;
  readonly by: 'evidence' | 'rule' | 'user';
  readonly reason: string;
  /** The run that it is meant for; `undefined` for any. */
  readonly run: number | undefined;
}

/**
 * @param reserve the largest share of all calls that the rollout may take, 0–1
 * @throws TypeError for a message that is not a command
 */
export function toCommand(message: Json, reserve: number): StoredCommand {
  const { verb, reason: given, by: origin, run } = fields(message);
  const reason = typeof given === 'string' && given !== '' ? given : 'requested through the store';
  const by = origin === 'evidence' || origin === 'rule' ? origin : 'user';
  return { event: eventOf(verb, fields(message), { reason, by }, reserve), by, reason, run: Number(run) || undefined };
}

function eventOf(
  verb: unknown,
  { full, weight }: Readonly<Record<string, unknown>>,
  { reason, by }: Pick<StoredCommand, 'reason' | 'by'>,
  reserve: number,
): RolloutEvent {
  switch (verb) {
    case 'promote':
      return { verb, full: full === true };
    case 'pause':
      return { verb, reason, by: 'user' };
    case 'rollback':
      return { verb, reason, by };
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
