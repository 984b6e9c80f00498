/** How much an upstream may be asked at a time and in a minute: what the user says, and what the provider tells. */

import type { Clock } from '../../time/clock.ts';
import type { LimitsSnapshot } from '../../domain/snapshot.ts';
import { InFlight } from '../../domain/in-flight.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import { MinuteLimiter } from './minute-limiter.ts';
import { ProviderLimits, latest } from './provider-limits.ts';
import { Slot, type Load, type SlotOwner } from './slot.ts';
import { Queue } from './queue.ts';

/** The limits of an upstream; what is left out is not limited. */
export interface LimitsPolicy {
  /** Requests and tokens per minute. */
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  /** Attempts under way at a time. */
  readonly concurrency: number | undefined;
  /** Without it nobody waits. */
  readonly queue: { readonly maxWaitMs: number; readonly maxLength: number } | undefined;
}

/** The least that can be asked of an upstream. */
const LEAST: Load = { tokens: 1, model: undefined };

/** An attempt that has not ended after ten minutes, or after its deadline, holds no place any more: nobody reads its answer. */
const LONGEST_MS = 600_000;

/** Applications use a few models; those that are made up must not fill the memory. */
const MAX_MODELS = 32;

export class UpstreamLimits implements SlotOwner {
  readonly policy: LimitsPolicy;
  /** Where calls wait, if they do. */
  readonly queue: Queue | undefined;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #requests: MinuteLimiter | undefined;
  readonly #tokens: MinuteLimiter | undefined;
  readonly #models = new Map<string | undefined, ProviderLimits>();
  /** Attempts under way, the oldest first. */
  readonly #slots = new InFlight<Slot>();
  #isFull = false;

  constructor(policy: LimitsPolicy, clock: Clock, deadlineMs = 0) {
    const { rpm, tpm, queue } = policy;
    this.policy = policy;
    this.#clock = clock;
    this.#leaseMs = Math.max(LONGEST_MS, deadlineMs);
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

  /** A place at once; `undefined` where there is none, or where others wait for it. */
  admit(load: Load, nowMs = this.#clock.now()): Slot | undefined {
    if (this.queue && this.queue.length > 0) return undefined;
    const taken = this.#take(load, nowMs);
    return typeof taken === 'number' ? undefined : taken;
  }

  /** `undefined` where `load` finds a place now; else when it may, in ms since the Unix epoch, as far as is known: at the earliest. */
  blockedUntilMs(nowMs: number, load = LEAST): number | undefined {
    const { concurrency } = this.policy;
    const crowded = concurrency !== undefined && this.#slots.size >= concurrency && !this.#expire(nowMs);
    let untilMs = crowded ? nowMs : undefined;
    if (this.#requests) untilMs = latest(untilMs, this.#requests.blockedUntilMs(1, nowMs));
    if (this.#tokens) untilMs = latest(untilMs, this.#tokens.blockedUntilMs(load.tokens, nowMs));
    return latest(untilMs, this.#models.get(load.model)?.blockedUntilMs(load.tokens, nowMs));
  }

  /** Whether even the smallest call for `model` has to go elsewhere: there is no place, and none to wait in either. */
  passesOn(nowMs: number, model?: string): boolean {
    return this.queue ? this.queue.isFull : this.blockedUntilMs(nowMs, { tokens: 1, model }) !== undefined;
  }

  /** Says `true` for the first call that is passed on since one found a place. */
  becomesFull(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = true;
    return !wasFull;
  }

  hear({ load, sent }: Slot, headers: ResponseHeaders, isRefusal: boolean): void {
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

  /** A place, or when there may be one. */
  #take(load: Load, nowMs: number): Slot | number {
    const untilMs = this.blockedUntilMs(nowMs, load);
    if (untilMs !== undefined) return untilMs;
    this.#isFull = false;
    this.#requests?.take(1, nowMs);
    this.#tokens?.hold(load.tokens);
    const slot = new Slot(this, load, nowMs, this.#modelOf(load)?.send(load.tokens));
    slot.place = this.#slots.begin(slot);
    return slot;
  }

  #leave(slot: Slot): void {
    if (slot.place) this.#slots.end(slot.place);
    slot.place = undefined;
  }

  #modelOf({ model }: Load): ProviderLimits | undefined {
    let limits = this.#models.get(model);
    if (!limits && this.#models.size < MAX_MODELS) this.#models.set(model, (limits = new ProviderLimits(this.#clock)));
    return limits;
  }

  /** Whether the oldest attempt under way was given up, and its place with it. */
  #expire(nowMs: number): boolean {
    const { oldest } = this.#slots;
    if (!oldest || nowMs - oldest.startedAtMs < this.#leaseMs) return false;
    oldest.settle();
    return true;
  }
}
