/** Sends copies: so many at once, for so much money a day, each for so long. */

import { startTimeLimit } from '../../upstream/time-limit.ts';
import { AnswerReading } from '../comparison/answer-reading.ts';
import type { Copy } from './copy.ts';
import { shadowAnswer } from './mirrored-call.ts';
import { sendCopy } from './send-copy.ts';
import { ShadowBudget, type Reserved } from './shadow-budget.ts';
import type { ShadowParts } from './shadow-parts.ts';
import type { ShadowPolicy } from './shadow-policy.ts';
import { Slots } from './slots.ts';

export class CopySender {
  readonly #policy: ShadowPolicy;
  readonly #parts: ShadowParts;
  readonly #slots: Slots;
  readonly #budget: ShadowBudget | undefined;
  /** Under way. */
  readonly #sent = new Set<Copy>();
  #closed = false;

  constructor(policy: ShadowPolicy, parts: ShadowParts) {
    this.#policy = policy;
    this.#parts = parts;
    this.#slots = new Slots(policy.maxConcurrency, policy.maxQueue);
    this.#budget = policy.budgetUsd === undefined ? undefined : new ShadowBudget(policy.budgetUsd);
  }

  get running(): number {
    return this.#slots.running;
  }

  get waiting(): number {
    return this.#slots.waiting;
  }

  /** All slots and all places to wait are taken. */
  get isFull(): boolean {
    return this.#slots.isFull;
  }

  /** Sends `copy` when it has a slot, not before the current turn of the event loop is over. */
  send(copy: Copy): void {
    this.#slots.enter(() => this.#take(copy));
  }

  close(): void {
    this.#closed = true;
    this.#slots.clear();
    for (const copy of this.#sent) copy.giveUp();
  }

  async #take(copy: Copy): Promise<void> {
    if (this.#closed || copy.isGivenUp) return;
    const { target, upstream } = copy.of;
    const nowMs = this.#parts.clock.now();
    // Real calls first: what they are kept away from is not asked for a copy.
    const isOut = upstream.pause.until(nowMs) !== null || upstream.breaker?.state.state === 'open';
    if (isOut || target.isPaused(nowMs)) return target.window.drop('unavailable', nowMs);
    const reserved = this.#reserve(copy, nowMs);
    if (!reserved) return target.window.drop('budget', nowMs);
    this.#sent.add(copy);
    try {
      await this.#run(copy, reserved);
    } catch (error) {
      this.#parts.observer.failed('A shadow', error);
    } finally {
      this.#sent.delete(copy);
    }
  }

  #reserve(copy: Copy, nowMs: number): Reserved | undefined {
    if (!this.#budget) return FREE;
    const { call, upstream, options } = copy.of;
    const estimateUsd = this.#parts.estimateCostUsd(upstream.name, call, options.body);
    if (estimateUsd === undefined) {
      const unknown = new Error(`no price is known for what ${upstream.name} serves, so that no budget can hold it`);
      this.#parts.observer.failed('The budget of shadows', unknown);
    }
    return this.#budget.reserve(estimateUsd, nowMs);
  }

  async #run(copy: Copy, reserved: Reserved): Promise<void> {
    const { call, upstream, options, connect, target } = copy.of;
    const { clock, pricing, idleMs, observer } = this.#parts;
    const { timeoutMs } = this.#policy;
    const whole = { attempt: undefined, remainingMs: timeoutMs, deadlineMs: timeoutMs, deadlineHolds: true };
    const limit = startTimeLimit({ clock, signal: undefined, ...whole });
    copy.sentUnder(limit);
    const witness = new AnswerReading(call.surface);
    const { record, failure } = await sendCopy({
      call,
      upstream,
      options,
      connect,
      limit,
      witness,
      idleMs,
      clock,
      pricing,
    });
    this.#budget?.settle(reserved, record);
    if (failure) target.failed(failure);
    target.window.ended(record);
    observer.attempt(record, call);
    copy.ended(record, failure ? undefined : shadowAnswer(witness.answer, record));
  }
}

/** Without a budget nothing is set aside. */
const FREE: Reserved = { day: 0, estimateUsd: undefined };
