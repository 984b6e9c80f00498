/** The limits of one upstream: those that the user sets, and those that the provider advertises. */

import type { Clock } from '../../time/clock.ts';
import type { LimitsSnapshot } from '../../domain/snapshot.ts';
import { InFlight } from '../../domain/in-flight.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import { MinuteLimiter } from './minute-limiter.ts';
import { ProviderLimits, latest } from './provider-limits.ts';
import { Slot, type Load, type SlotOwner } from './slot.ts';
import { Queue } from './queue.ts';

/** The limits that the user sets; `undefined` means no limit. */
export interface LimitsPolicy {
  /** Requests per minute. */
  readonly rpm: number | undefined;
  /** Tokens per minute. */
  readonly tpm: number | undefined;
  /** Attempts in flight at a time. */
  readonly concurrency: number | undefined;
  /** Without it calls do not wait. */
  readonly queue: { readonly maxWaitMs: number; readonly maxLength: number } | undefined;
}

/** The smallest load of a call. */
const LEAST: Load = { tokens: 1, model: undefined };

/** An attempt that has not ended after ten minutes, or after its deadline, loses its slot: its answer is not being read. */
const LEASE_MS = 600_000;

/** Applications use a few models; made-up names must not fill the memory. */
const MAX_MODELS = 32;

export class UpstreamLimits implements SlotOwner {
  readonly policy: LimitsPolicy;
  /** Where calls wait, if the options have a queue. */
  readonly queue: Queue | undefined;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #requests: MinuteLimiter | undefined;
  readonly #tokens: MinuteLimiter | undefined;
  readonly #models = new Map<string | undefined, ProviderLimits>();
  /** Attempts in flight, the oldest first. */
  readonly #slots = new InFlight<Slot>();
  #isFull = false;

  constructor(policy: LimitsPolicy, clock: Clock, deadlineMs = 0) {
    const { rpm, tpm, queue } = policy;
    this.policy = policy;
    this.#clock = clock;
    this.#leaseMs = Math.max(LEASE_MS, deadlineMs);
    this.#requests = rpm === undefined ? undefined : new MinuteLimiter(rpm);
    this.#tokens = tpm === undefined ? undefined : new MinuteLimiter(tpm);
    const take = (load: Load): Slot | number => this.#take(load, clock.now());
    this.queue = queue && new Queue({ ...queue, clock, take });
  }

  snapshot(nowMs: number): LimitsSnapshot {
    return {
      underWay: this.#slots.size,
      waiting: this.queue?.length ?? 0,
      requests: this.#requests?.used(nowMs) ?? null,
      tokens: this.#tokens?.used(nowMs) ?? null,
    };
  }

  /** A slot without waiting; `undefined` where no slot is free, or where other calls wait for one. */
  admit(load: Load, nowMs = this.#clock.now()): Slot | undefined {
    if (this.queue && this.queue.length > 0) return undefined;
    const taken = this.#take(load, nowMs);
    return typeof taken === 'number' ? undefined : taken;
  }

  /** `undefined` where `load` fits now; otherwise the earliest time at which it may fit, as far as is known, in ms since the Unix epoch. */
  blockedUntilMs(nowMs: number, load = LEAST): number | undefined {
    const { concurrency } = this.policy;
    const isCrowded = concurrency !== undefined && this.#slots.size >= concurrency && !this.#expire(nowMs);
    let untilMs = isCrowded ? nowMs : undefined;
    if (this.#requests) untilMs = latest(untilMs, this.#requests.blockedUntilMs(1, nowMs));
    if (this.#tokens) untilMs = latest(untilMs, this.#tokens.blockedUntilMs(load.tokens, nowMs));
    return latest(untilMs, this.#models.get(load.model)?.blockedUntilMs(load.tokens, nowMs));
  }

  /** Whether even the smallest call for `model` has to skip this upstream: no slot is free, and no room in the queue. */
  passesOn(nowMs: number, model?: string): boolean {
    return this.queue ? this.queue.isFull : this.blockedUntilMs(nowMs, { tokens: 1, model }) !== undefined;
  }

  /** Returns `true` for the first call that skips this upstream since one got a slot. */
  becomesFull(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = true;
    return !wasFull;
  }

  observe({ load, sent }: Slot, headers: ResponseHeaders, isRefusal: boolean): void {
    if (sent) this.#models.get(load.model)?.observe(sent, headers, isRefusal);
    this.queue?.advance();
  }

  release(slot: Slot, tokens = slot.load.tokens, nowMs = this.#clock.now()): void {
    const { load, sent } = slot;
    this.#leave(slot);
    this.#tokens?.settle(load.tokens, tokens, nowMs);
    if (sent) this.#models.get(load.model)?.end(load.tokens, tokens, nowMs);
    this.queue?.advance();
  }

  cancel(slot: Slot): void {
    const { load, startedAtMs, sent } = slot;
    this.#leave(slot);
    this.#requests?.takeBack(1, startedAtMs);
    this.#tokens?.hold(-load.tokens);
    if (sent) this.#models.get(load.model)?.cancel(load.tokens);
    this.queue?.advance();
  }

  /** A slot, or when there may be one. */
  #take(load: Load, nowMs: number): Slot | number {
    const untilMs = this.blockedUntilMs(nowMs, load);
    if (untilMs !== undefined) return untilMs;
    this.#isFull = false;
    this.#requests?.take(1, nowMs);
    this.#tokens?.hold(load.tokens);
    const slot = new Slot(this, load, nowMs, this.#modelOf(load)?.send(load.tokens));
    slot.entry = this.#slots.begin(slot);
    return slot;
  }

  #leave(slot: Slot): void {
    if (slot.entry) this.#slots.end(slot.entry);
    slot.entry = undefined;
  }

  #modelOf({ model }: Load): ProviderLimits | undefined {
    let limits = this.#models.get(model);
    if (!limits && this.#models.size < MAX_MODELS) this.#models.set(model, (limits = new ProviderLimits(this.#clock)));
    return limits;
  }

  /** Takes the slot of the oldest attempt back if its lease has run out, and returns whether it did. */
  #expire(nowMs: number): boolean {
    const { oldest } = this.#slots;
    if (!oldest || nowMs - oldest.startedAtMs < this.#leaseMs) return false;
    oldest.settle();
    return true;
  }
}
