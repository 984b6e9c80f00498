/** Sends copies: so many at once, for so much money a day, each for so long. */

import { Budgets, Reservation } from '../budgets/budgets.ts';
import type { ShadowDropReason } from '../domain/shadow.ts';
import { estimateInput } from '../pricing/estimate-input.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Load } from '../resilience/limits/slot.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { AnswerReading } from './compare/read-answer.ts';
import { type Copy, type CopyOf, shadowAnswer } from './mirrored-call.ts';
import type { ShadowPolicy } from './options.ts';
import { sendCopy } from './send-copy.ts';
import type { ShadowServices } from './shadow-services.ts';

export class CopySender {
  readonly #policy: ShadowPolicy;
  readonly #services: ShadowServices;
  readonly #slots: Slots;
  readonly #admission: CopyAdmission;
  /** Under way. */
  readonly #sent = new Set<Copy>();
  #closed = false;

  constructor(policy: ShadowPolicy, services: ShadowServices) {
    this.#policy = policy;
    this.#services = services;
    this.#slots = new Slots(policy.maxConcurrency, policy.maxQueue);
    this.#admission = new CopyAdmission(policy, services);
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
      if (typeof held === 'string') return copy.of.target.window.drop(held, this.#services.clock.now());
      this.#sent.add(copy);
      await this.#run(copy, held);
    } catch (error) {
      this.#services.observer.failed('A shadow', error);
    } finally {
      this.#sent.delete(copy);
    }
  }

  async #run(copy: Copy, held: readonly Reservation[]): Promise<void> {
    const { call, upstream, options, connect, target } = copy.of;
    const { clock, pricing, idleMs, observer } = this.#services;
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

/* PART: How much is under way at once, and how much waits. */

/** Something that holds a slot until it resolves; it never rejects. */
export type SlotWork = () => Promise<void>;

/** Slots, and a queue before them; who finds both full is turned away. */
export class Slots {
  readonly #maxConcurrency: number;
  readonly #maxQueue: number;
  readonly #queue: SlotWork[] = [];
  #running = 0;

  constructor(maxConcurrency: number, maxQueue: number) {
    this.#maxConcurrency = maxConcurrency;
    this.#maxQueue = maxQueue;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Nobody has a place any more. */
  get isFull(): boolean {
    return this.#running >= this.#maxConcurrency && this.#queue.length >= this.#maxQueue;
  }

  /** Whether `work` has a slot or a place to wait. It begins after the current turn of the event loop at the earliest. */
  enter(work: SlotWork): boolean {
    if (this.isFull) return false;
    if (this.#running < this.#maxConcurrency) this.#begin(work);
    else this.#queue.push(work);
    return true;
  }

  /** Nobody who waits begins any more. */
  clear(): void {
    this.#queue.length = 0;
  }

  #begin(work: SlotWork): void {
    this.#running += 1;
    // What the caller waits for goes first: its own request, or the answer that has come.
    setImmediate(() => void work().finally(() => this.#next()));
  }

  #next(): void {
    this.#running -= 1;
    const next = this.#queue.shift();
    if (next) this.#begin(next);
  }
}

/** Asks for leave to send a copy: real calls come first, and money is held before it is spent. */
class CopyAdmission {
  readonly #services: ShadowServices;
  /** The bound of all copies together. */
  readonly #own: Budgets | undefined;

  constructor({ budgetUsd }: ShadowPolicy, services: ShadowServices) {
    this.#services = services;
    this.#own = budgetUsd === undefined ? undefined : dailyBudget(budgetUsd, services);
  }

  /** The money that is held for a copy, to be settled when it has ended; or why it is dropped. */
  enter(copy: CopyOf): readonly Reservation[] | ShadowDropReason {
    const { target, upstream } = copy;
    const { clock, budgets } = this.#services;
    const nowMs = clock.now();
    // Whom real calls are kept away from is not asked for a copy.
    if (upstream.pause.until(nowMs) !== null || upstream.breaker?.state.state === 'open') return 'unavailable';
    if (target.isPaused(nowMs)) return 'unavailable';
    if (this.#own) this.#warnWithoutPrice(copy);
    const held: Reservation[] = [];
    for (const budget of [this.#own, budgets]) {
      const reserved = budget?.reserve(copy.call, upstream.name, copy.options.body);
      if (reserved instanceof Reservation) held.push(reserved);
      else if (reserved) return giveBack(held, 'budget');
    }
    return takesOfLimits(copy) ? held : giveBack(held, 'unavailable');
  }

  #warnWithoutPrice({ upstream, call, options }: CopyOf): void {
    if (this.#services.estimateCostUsd(upstream.name, call, options.body) !== undefined) return;
    const unknown = new Error(`no price is known for what ${upstream.name} serves, so that no budget can hold it`);
    this.#services.observer.failed('The budget of shadows', unknown);
  }
}

/** Days are UTC's. */
function dailyBudget(limitUsd: number, { clock, estimateCostUsd }: ShadowServices): Budgets {
  const policy = { name: 'shadow', per: 'day', limitUsd, scope: 'all', only: undefined, rejects: true } as const;
  const nothing = (): void => undefined;
  return new Budgets({ policies: [policy], clock, estimateCostUsd, shortKey: (key) => key, onShare: nothing });
}

function giveBack(held: readonly Reservation[], reason: ShadowDropReason): ShadowDropReason {
  for (const reservation of held) reservation.cancel();
  return reason;
}

/**
 * Whether the limits of the upstream have room. A copy counts among its requests and tokens of the minute, as the provider counts
 * it; it holds no place while it is under way, so that one that hangs takes none from a real call.
 */
function takesOfLimits({ upstream, call, options }: CopyOf): boolean {
  const { limits, config } = upstream;
  if (!limits) return true;
  const tokens =
    Math.ceil(estimateInput(call.surface, options.body)) + estimateOutput(call.surface, options.body, config.rules);
  const load: Load = { tokens, model: upstreamModel(config.rules.model, call) };
  const slot = limits.admit(load);
  slot?.settle();
  return slot !== undefined;
}
