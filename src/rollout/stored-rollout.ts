/** A rollout as it is stored, and commands as they are left for it. */

import type { RolloutState } from '../domain/rollout.ts';
import type { RolloutDecision } from '../domain/rollout-numbers.ts';
import type { Json } from '../domain/store.ts';
import type { JudgedCallsState } from './evidence.ts';
import { fingerprintOf, type RolloutPolicy } from './rollout-policy.ts';
import type { RolloutEvent } from './transition.ts';

/** Everything that a rollout goes on with after a restart. */
export interface RolloutMemory {
  readonly state: RolloutState;
  readonly heldMs: number;
  readonly calls: JudgedCallsState;
  readonly history: readonly RolloutDecision[];
}

/** What was found in a store. Under other options only that a rollout is over still holds. */
export interface Kept {
  readonly memory: Pick<RolloutMemory, 'state' | 'history'> & Partial<RolloutMemory>;
  /** The id of the last command that was carried out. */
  readonly lastMessage: number;
}

const VERSION = 1;

export function toStored(memory: RolloutMemory, policy: RolloutPolicy, lastMessage: number): Json {
  // All of it is plain data: `RolloutMemory` has no functions, dates or cycles.
  return { version: VERSION, options: fingerprintOf(policy), lastMessage, memory: memory as unknown as Json };
}

/** `undefined` for what is no rollout of ours, or one under way under other options. */
export function fromStored(stored: Json, policy: RolloutPolicy): Kept | undefined {
  // Written by `toStored`; another version is another shape.
  const { version, options, lastMessage, memory } = stored as unknown as {
    readonly version?: number;
    readonly options?: string;
    readonly lastMessage: number;
    readonly memory: RolloutMemory;
  };
  if (version !== VERSION) return undefined;
  if (options === fingerprintOf(policy)) return { memory, lastMessage };
  const { state, history } = memory;
  const isOver = state.phase === 'promoted' || state.phase === 'rolledBack';
  return isOver ? { memory: { state, history }, lastMessage } : undefined;
}

/**
 * A command that somebody left in a store, and why.
 *
 * @param reserve the most that the rollout may take of all calls, 0–1
 * @throws TypeError for what is none
 */
export function toCommand(message: Json, reserve: number): { readonly event: RolloutEvent; readonly reason: string } {
  const { verb, full, weight, reason: said } = (message ?? {}) as Readonly<Record<string, unknown>>;
  const reason = typeof said === 'string' && said !== '' ? said : 'asked for through the store';
  switch (verb) {
    case 'promote':
      return { event: { verb, full: full === true }, reason };
    case 'pause':
    case 'rollback':
      return { event: { verb, reason, by: 'user' }, reason };
    case 'resume':
    case 'retry':
    case 'undo':
      return { event: { verb }, reason };
    case 'setWeight':
      if (typeof weight === 'number' && weight >= 0 && weight <= reserve) return { event: { verb, weight }, reason };
      throw new TypeError(`its weight should be between 0 and ${reserve}`);
    default:
      throw new TypeError('it names no verb');
  }
}
