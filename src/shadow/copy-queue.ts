/** Sends copies with bounded concurrency, a bounded queue, a daily budget and a timeout. */

import { Budgets } from '../budgets/budgets.ts';
import { Reservation } from '../budgets/reservation.ts';
import { acceptanceFor } from '../call/acceptance.ts';
import type { CopyDrop } from '../domain/shadow.ts';
import { downUntilMs, stateFor } from '../upstream/upstream.ts';
import { estimateInput } from '../pricing/estimate-input.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Load } from '../resilience/limits/slot.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { AnswerCollector } from './compare/read-answer.ts';
import { type Copy, type CopyRequest, shadowAnswer } from './mirrored-call.ts';
import type { ShadowPolicy } from './options.ts';
import { sendCopy } from './send-copy.ts';
import type { ShadowServices } from './shadow-services.ts';

export class CopyQueue {
  readonly #policy: ShadowPolicy;
  readonly #services: ShadowServices;
  readonly #slots: Slots;
  readonly #admission: CopyAdmission;
  readonly #inFlight = new Set<Copy>();
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

  /** Whether all slots are taken and the queue is full. */
  get isFull(): boolean {
    return this.#slots.isFull;
  }

  /** Sends `copy` when a slot is free, at the earliest in the next turn of the event loop. */
  send(copy: Copy): void {
    this.#slots.submit(() => this.#admit(copy));
  }

  close(): void {
    this.#closed = true;
    this.#slots.clear();
    for (const copy of this.#inFlight) copy.cancel();
  }

  async #admit(copy: Copy): Promise<void> {
    if (this.#closed || copy.isCancelled) return copy.dropped();
    let held: readonly Reservation[] | CopyDrop = [];
    try {
      held = this.#admission.admit(copy.request);
      if (typeof held === 'string') {
        const { target } = copy.request;
        copy.dropped(held);
        return target.dropped(held);
      }
      this.#inFlight.add(copy);
      await this.#run(copy, held);
    } catch (error) {
      copy.dropped();
      if (typeof held === 'object') for (const reservation of held) reservation.cancel();
      this.#services.observer.failed('Sending a copy', error);
    } finally {
      this.#inFlight.delete(copy);
    }
  }

  async #run(copy: Copy, held: readonly Reservation[]): Promise<void> {
    const { call, upstream, options, connect, trace, target } = copy.request;
    const { clock, pricing, idleMs, observer } = this.#services;
    const { timeoutMs } = this.#policy;
    const timeout = { attempt: undefined, remainingMs: timeoutMs, deadlineMs: timeoutMs, deadlineHolds: true };
    const limit = startTimeLimit({ clock, signal: undefined, ...timeout });
    copy.started(limit);
    const collector = new AnswerCollector(call.surface);
    const accept = acceptanceFor(call, {
      policy: this.#services.policy,
      body: options.body,
      upstream: upstream.name,
      clock,
      onFailure: (problem) => observer.failed('accept', new Error(problem)),
    });
    const { record, failure } = await sendCopy({
      call,
      upstream,
      options,
      connect,
      trace,
      limit,
      witness: collector,
      accept,
      idleMs,
      clock,
      pricing,
    });
    for (const reservation of held) reservation.settle(record);
    if (failure) target.failed(failure);
    target.window.ended(record);
    observer.attempt(record, call);
    copy.ended(record, failure ? undefined : shadowAnswer(collector.answer, record));
  }
}

/** Work that holds a slot until it resolves; it never rejects. */
type SlotWork = () => Promise<void>;

/** A bounded number of slots with a bounded queue; work that fits into neither is rejected. */
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

  /** Whether all slots are taken and the queue is full. */
  get isFull(): boolean {
    return this.#running >= this.#maxConcurrency && this.#queue.length >= this.#maxQueue;
  }

  /** Runs `work` when a slot is free, at the earliest in the next turn of the event loop; `false` if slots and queue are full. */
  submit(work: SlotWork): boolean {
    if (this.isFull) return false;
    if (this.#running < this.#maxConcurrency) this.#start(work);
    else this.#queue.push(work);
    return true;
  }

  /** Drops all queued work. */
  clear(): void {
    this.#queue.length = 0;
  }

  #start(work: SlotWork): void {
    this.#running += 1;
    // The caller's own request or answer in this turn goes first.
    setImmediate(() => void work().finally(() => this.#next()));
  }

  #next(): void {
    this.#running -= 1;
    const next = this.#queue.shift();
    if (next) this.#start(next);
  }
}

/** Admits copies: real calls take precedence, and the cost is reserved before a copy is sent. */
class CopyAdmission {
  readonly #services: ShadowServices;
  /** The daily budget of all copies together. */
  readonly #shadowBudget: Budgets | undefined;

  constructor({ budgetUsd }: ShadowPolicy, services: ShadowServices) {
    this.#services = services;
    this.#shadowBudget = budgetUsd === undefined ? undefined : dailyBudget(budgetUsd, services);
  }

  /** The reservations of an admitted copy, to be settled when it ends, or why the copy is dropped. */
  admit(copy: CopyRequest): readonly Reservation[] | CopyDrop {
    const { target, upstream } = copy;
    const { clock, budgets } = this.#services;
    const nowMs = clock.now();
    // An upstream that real calls avoid gets no copies either.
    const { breaker, pause } = stateFor(upstream, copy.call);
    if (breaker?.state.state === 'open') return 'breaker';
    if (pause.until(nowMs) !== null || target.pausedFor(nowMs) !== undefined) return 'pause';
    if (downUntilMs(upstream, nowMs) !== undefined) return 'down';
    if (this.#shadowBudget) this.#warnWithoutPrice(copy);
    if (!fitsLimits(copy)) return 'limits';
    const held: Reservation[] = [];
    for (const budget of [this.#shadowBudget, budgets]) {
      const reserved = budget?.reserve(copy.call, upstream.name, copy.options.body);
      if (reserved instanceof Reservation) held.push(reserved);
      else if (reserved) return cancelAll(held, 'budget');
    }
    return held;
  }

  #warnWithoutPrice({ upstream, call, options }: CopyRequest): void {
    if (this.#services.estimateCostUsd(upstream.name, call, options.body) !== undefined) return;
    const unknown = new Error(
      `the model on ${upstream.name} has no known price, so the budget cannot limit its copies`,
    );
    this.#services.observer.failed('shadow.budgetUsd', unknown);
  }
}

/** A budget per UTC day. */
function dailyBudget(limitUsd: number, { clock, estimateCostUsd }: ShadowServices): Budgets {
  const policy = { name: 'shadow', per: 'day', limitUsd, scope: 'all', only: undefined, rejects: true } as const;
  const ignore = (): void => undefined;
  return new Budgets({ policies: [policy], clock, estimateCostUsd, shortKey: (key) => key, onShare: ignore });
}

function cancelAll(held: readonly Reservation[], reason: CopyDrop): CopyDrop {
  for (const reservation of held) reservation.cancel();
  return reason;
}

/**
 * Whether the limits of the upstream admit the copy. A copy counts towards requests and tokens per minute, as the provider counts
 * it. It holds no concurrency slot while in flight, so that a hanging copy does not block a real call.
 */
function fitsLimits({ upstream, call, options }: CopyRequest): boolean {
  const { limits, config } = upstream;
  if (!limits) return true;
  const tokens =
    Math.ceil(estimateInput(call.surface, options.body)) + estimateOutput(call.surface, options.body, config.rules);
  const load: Load = { tokens, model: upstreamModel(config.rules.model, call) };
  const slot = limits.admit(load);
  slot?.settle();
  return slot !== undefined;
}
