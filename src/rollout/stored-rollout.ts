/** The stored form of a rollout: what is written, and what may be made of it when it is read. */

import { canonicalJson, type Fields, isRecord } from '../domain/json.ts';
import type { RolloutDecision, RolloutState, RolloutStep } from '../domain/rollout.ts';
import type { Json } from '../domain/store.ts';
import { JudgedCalls, type JudgedCallsState } from './evidence.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';

/** Everything that a rollout needs to continue after a restart. */
export interface RolloutMemory {
  readonly state: RolloutState;
  readonly heldMs: number;
  readonly calls: JudgedCallsState;
  readonly history: readonly RolloutDecision[];
}

/** What of the store is already part of a memory. */
export interface StoreCursors {
  /** The id of the last executed command. */
  readonly lastMessage: number;
  /** The id of the last block of counts. */
  readonly lastBlock: number;
  /** By process, the sequence number of its last block that was counted without passing through the store. */
  readonly counted: Readonly<Record<string, number>>;
}

export const NO_CURSORS: StoreCursors = { lastMessage: 0, lastBlock: 0, counted: {} };

/** The cursors after `holder` has counted its own blocks up to `sequence`. */
export function withCounted(cursors: StoreCursors, holder: string, sequence: number): StoreCursors {
  const others = Object.entries(cursors.counted).filter(([process]) => process !== holder);
  return { ...cursors, counted: Object.fromEntries([...others.slice(1 - MAX_COUNTED), [holder, sequence]]) };
}

/** The number of processes whose last directly counted block is remembered. */
const MAX_COUNTED = 8;

export interface StoredRollout {
  /** The options that it was run under, those of the process that wrote it. */
  readonly policy: RolloutPolicy;
  readonly memory: RolloutMemory;
  readonly cursors: StoreCursors;
}

const VERSION = 1;

/** The options are stored, too, so that a rollout can be shown and moved without its configuration. They hold no secrets. */
export function toStored({ policy, memory, cursors }: StoredRollout): Json {
  // All of it is plain data, without functions, dates or cycles.
  return { version: VERSION, policy, memory, cursors } as unknown as Json;
}

/** What a store has of a rollout. */
export type ReadRollout =
  | { readonly kind: 'none' }
  | { readonly kind: 'rollout'; readonly rollout: StoredRollout }
  | { readonly kind: 'unreadable'; readonly why: string };

export function readRollout(stored: Json | undefined): ReadRollout {
  if (stored === undefined) return { kind: 'none' };
  try {
    return { kind: 'rollout', rollout: readStored(stored) };
  } catch (error) {
    return { kind: 'unreadable', why: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws Error with a readable reason for anything but a whole rollout of this version: a part of it is never guessed */
function readStored(stored: Json): StoredRollout {
  if (!isRecord(stored)) throw new Error('it is not an object');
  const { version, policy, memory, cursors, lost } = stored;
  if (typeof lost === 'string') throw new Error(`the store has lost it: ${lost}`);
  if (version !== VERSION) throw new Error(`its version is ${JSON.stringify(version)}, this release reads ${VERSION}`);
  if (!isPolicy(policy)) throw new Error('its options are incomplete');
  if (!isRecord(memory) || !isState(memory.state, policy.steps)) {
    const state = isRecord(memory) ? memory.state : undefined;
    throw new Error(`its state is not valid: ${JSON.stringify(state)?.slice(0, MAX_SHOWN) ?? 'missing'}`);
  }
  if (!isAmount(memory.heldMs) || !Array.isArray(memory.history) || !isCalls(memory.calls, policy)) {
    throw new Error('its evidence or its history is not valid');
  }
  if (!isCursors(cursors)) throw new Error('its positions in the store are not valid');
  // Each part has been checked.
  return { policy, memory: memory as unknown as RolloutMemory, cursors };
}

const MAX_SHOWN = 100;

/** How a stored rollout relates to the options of this process. */
export type StoredChange =
  /** Nothing that matters differs: it continues as it is. */
  | { readonly kind: 'none' }
  /** It continues where it stands, under other guardrails: their evidence begins again. */
  | { readonly kind: 'guardrails' }
  /** It begins again at the first step. */
  | { readonly kind: 'steps' | 'revision'; readonly reason: string };

export function changeOf({ policy: before, memory }: StoredRollout, after: RolloutPolicy): StoredChange {
  const { state } = memory;
  if (before.revision !== after.revision) {
    return { kind: 'revision', reason: `another revision of ${after.to}: its address, model, params or price changed` };
  }
  // The end of a rollout is a statement about the revision, under whatever steps it was reached.
  if (!('sinceMs' in state)) return { kind: 'none' };
  if (before.stable !== after.stable) return { kind: 'steps', reason: `stable is now ${after.stable}` };
  if (before.salt !== after.salt)
    return { kind: 'steps', reason: 'the salt changed, and with it the keys of the canary' };
  const edited = after.steps.findIndex((step, index) => trafficOf(step) !== trafficOf(before.steps[index]));
  const firstEdited = edited < 0 ? after.steps.length : edited;
  if (firstEdited <= state.step) return { kind: 'steps', reason: `step ${firstEdited + 1}, already taken, was edited` };
  return judgedBy(before) === judgedBy(after) ? { kind: 'none' } : { kind: 'guardrails' };
}

/** A hold, a number of calls or a requirement may change while a step is in force; its calls may not. */
function trafficOf(step: RolloutStep | undefined): string {
  if (!step) return '';
  const { holdMs, minCalls, require, ...traffic } = step;
  void [holdMs, minCalls, require];
  return canonicalJson(traffic);
}

const judgedBy = ({ guardrails, alpha, judge }: RolloutPolicy): string => canonicalJson({ guardrails, alpha, judge });

function isPolicy(policy: unknown): policy is RolloutPolicy {
  if (!isRecord(policy)) return false;
  const { to, revision, stable, steps, guardrails, alpha, judge, reserve, salt } = policy;
  const texts = [to, revision, stable, judge, salt].every((text) => typeof text === 'string');
  return (
    texts && isAmount(alpha) && isAmount(reserve) && isRecord(guardrails) && Array.isArray(steps) && steps.every(isStep)
  );
}

function isStep(step: unknown): boolean {
  if (!isRecord(step) || !isAmount(step.holdMs) || !isAmount(step.minCalls) || !isRecord(step.require)) return false;
  return step.kind === 'shadow' ? true : isShare(step.weight);
}

function isState(state: unknown, steps: readonly RolloutStep[]): state is RolloutState {
  if (!isRecord(state) || !isIndex(state.run, Infinity) || state.run === 0) return false;
  const { phase, step, sinceMs, atMs, reason } = state;
  const isUnderway = isIndex(step, steps.length) && isAmount(sinceMs) && isWeight(state);
  switch (phase) {
    case 'progressing':
      return isUnderway;
    case 'paused':
      return isUnderway && typeof reason === 'string';
    case 'promoted':
      return isAmount(atMs);
    case 'rolledBack':
      return isAmount(atMs) && isIndex(step, steps.length) && typeof reason === 'string';
    default:
      return false;
  }
}

const isWeight = ({ weight, holdback, shadowShare }: Fields): boolean =>
  [weight, holdback, shadowShare].every((share) => share === undefined || share === null || isShare(share));
const isAmount = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value < Infinity;
const isShare = (value: unknown): boolean => isAmount(value) && value <= 1;
const isIndex = (value: unknown, end: number): boolean => isAmount(value) && Number.isInteger(value) && value < end;

function isCursors(cursors: unknown): cursors is StoreCursors {
  if (!isRecord(cursors) || !isRecord(cursors.counted)) return false;
  return [cursors.lastMessage, cursors.lastBlock, ...Object.values(cursors.counted)].every(isAmount);
}

/** Whether evidence can be continued from `calls`. */
function isCalls(calls: unknown, policy: RolloutPolicy): boolean {
  try {
    const judged = new JudgedCalls(policy, { weight: 0, minCalls: 0 });
    judged.restore(calls as JudgedCallsState);
    const { analysis, step, run } = judged;
    const numbers = [
      analysis.rollback.evidence,
      ...[step, run].flatMap((arms) => [arms.canary.calls, arms.stable.calls]),
    ];
    return analysis.guardrails.length > 0 && numbers.every(isAmount);
  } catch {
    return false;
  }
}
