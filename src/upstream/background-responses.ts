/** Meters Responses that run in the background: they are created without usage, and the first poll that has it is counted. */

import { isRecord } from '../domain/json.ts';
import type { Usage } from '../domain/usage.ts';
import type { Clock } from '../time/clock.ts';

/** A response whose usage is not known yet. */
export interface PendingResponseCost {
  /** Gives back what was reserved for it: the poll that has its usage pays. */
  release(): void;
  /** Its usage has been counted. */
  onMetered(): void;
}

/** Bounds the memory: the oldest responses are forgotten first. */
const MAX_RESPONSES = 10_000;

/** The background responses of a client and its clones. */
export class BackgroundResponses {
  readonly #sinceMs: number;
  /** By id; `undefined` once the usage has been counted. */
  readonly #pending = new Map<string, PendingResponseCost | undefined>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#sinceMs = clock.now();
  }

  /** The response was created, and its usage is not known. */
  wait(id: string, pending: PendingResponseCost): void {
    this.#set(id, pending);
  }

  /** The usage of the response has been counted: no poll counts it again. */
  metered(id: string): void {
    this.#set(id, undefined);
  }

  /**
   * The usage to count for an answer to a poll: what it states, the first time.
   *
   * @param answer the parsed answer; `undefined` for a stream
   */
  take(id: string, stated: Usage | undefined, answer: unknown): Usage | undefined {
    const known = this.#pending.has(id);
    const pending = this.#pending.get(id);
    if (stated === undefined) {
      // It ended without usage: nothing is left to wait for, and its cost stays unknown.
      if (pending && hasFailed(answer)) pending.release();
      return undefined;
    }
    if (known ? pending === undefined : !this.#endedHere(answer)) return undefined;
    this.#set(id, undefined);
    pending?.release();
    pending?.onMetered();
    return stated;
  }

  /** A response that another process created counts where it is polled, if it ended while this process ran. */
  #endedHere(answer: unknown): boolean {
    if (!isRecord(answer) || answer['background'] !== true) return false;
    const { completed_at: completedAt } = answer;
    return typeof completedAt === 'number' && completedAt * 1_000 >= this.#sinceMs;
  }

  #set(id: string, pending: PendingResponseCost | undefined): void {
    this.#pending.delete(id);
    this.#pending.set(id, pending);
    if (this.#pending.size <= MAX_RESPONSES) return;
    for (const oldest of this.#pending.keys()) {
      this.#pending.delete(oldest);
      return;
    }
  }
}

function hasFailed(answer: unknown): boolean {
  const status = isRecord(answer) ? answer['status'] : undefined;
  return status === 'failed' || status === 'cancelled';
}
