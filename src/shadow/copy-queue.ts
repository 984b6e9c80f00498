/** Sends copies: so many at once, for so much money a day, each for so long. */

import { startTimeLimit } from '../resilience/time-limit.ts';
import { AnswerReading } from './compare/read-answer.ts';
import type { Reservation } from '../budgets/reservation.ts';
import { CopyAdmission } from './copy-admission.ts';
import type { Copy } from './copy.ts';
import { shadowAnswer } from './mirrored-call.ts';
import { sendCopy } from './send-copy.ts';
import type { ShadowParts } from './shadow-services.ts';
import type { ShadowPolicy } from './shadow-policy.ts';
import { Slots } from './slots.ts';

export class CopySender {
  readonly #policy: ShadowPolicy;
  readonly #parts: ShadowParts;
  readonly #slots: Slots;
  readonly #admission: CopyAdmission;
  /** Under way. */
  readonly #sent = new Set<Copy>();
  #closed = false;

  constructor(policy: ShadowPolicy, parts: ShadowParts) {
    this.#policy = policy;
    this.#parts = parts;
    this.#slots = new Slots(policy.maxConcurrency, policy.maxQueue);
    this.#admission = new CopyAdmission(policy, parts);
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
    try {
      const held = this.#admission.enter(copy.of);
      if (typeof held === 'string') return copy.of.target.window.drop(held, this.#parts.clock.now());
      this.#sent.add(copy);
      await this.#run(copy, held);
    } catch (error) {
      this.#parts.observer.failed('A shadow', error);
    } finally {
      this.#sent.delete(copy);
    }
  }

  async #run(copy: Copy, held: readonly Reservation[]): Promise<void> {
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
    for (const reservation of held) reservation.settle(record);
    if (failure) target.failed(failure);
    target.window.ended(record);
    observer.attempt(record, call);
    copy.ended(record, failure ? undefined : shadowAnswer(witness.answer, record));
  }
}
