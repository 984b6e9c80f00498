/** The limits of one upstream: those that the user sets, and those that the provider advertises. */

import type { Clock } from '../../time/clock.ts';
import type { LimitsSnapshot } from '../../domain/snapshot.ts';
import { InFlight } from '../../domain/in-flight.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import { FleetLimits, type RecentUse } from './fleet-limits.ts';
import { MinuteLimiter, WINDOW_MS } from './minute-limiter.ts';
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
  /** Whether the three hold for all processes that share a store; otherwise for each process. */
  readonly isShared: boolean;
  /** Without it calls do not wait. */
  readonly queue: { readonly maxWaitMs: number; readonly maxLength: number } | undefined;
}

/** The smallest load of a call. */
const LEAST: Load = { tokens: 1, model: undefined };

/** An attempt that has not ended after ten minutes, or after its deadline, loses its slot: its answer is not being read. */
const LEASE_MS = 600_000;

/** Applications use a few models; made-up names must not fill the memory. */
const MAX_MODELS = 32;

export interface UpstreamLimitsOptions {
  /** The time budget of a call, in ms; 0 for none. */
  readonly deadlineMs?: number | undefined;
  /** Starts the names of the limits in a store through which processes share them; `undefined` without one. */
  readonly sharedAs?: string | undefined;
}

export class UpstreamLimits implements SlotOwner {
  readonly policy: LimitsPolicy;
  /** Where calls wait, if the options have a queue. */
  readonly queue: Queue | undefined;
  /** The limits that are shared with other processes, if any are. */
  readonly fleet: FleetLimits | undefined;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #requests: MinuteLimiter | undefined;
  readonly #tokens: MinuteLimiter | undefined;
  readonly #models = new Map<string | undefined, ProviderLimits>();
  /** Attempts in flight, the oldest first. */
  readonly #slots = new InFlight<Slot>();
  /** The attempts that this process may have in flight. */
  #concurrency: number | undefined;
  #isFull = false;

  constructor(policy: LimitsPolicy, clock: Clock, { deadlineMs = 0, sharedAs }: UpstreamLimitsOptions = {}) {
    const { rpm, tpm, concurrency, queue } = policy;
    this.policy = policy;
    this.#concurrency = concurrency;
    this.#clock = clock;
    this.#leaseMs = Math.max(LEASE_MS, deadlineMs);
    this.#requests = rpm === undefined ? undefined : new MinuteLimiter(rpm);
    this.#tokens = tpm === undefined ? undefined : new MinuteLimiter(tpm);
    const isLimited = rpm !== undefined || tpm !== undefined || concurrency !== undefined;
    if (sharedAs !== undefined && policy.isShared && isLimited)
      this.fleet = new FleetLimits({ name: sharedAs, windowMs: WINDOW_MS, rpm, tpm, concurrency });
    const take = (load: Load): Slot | number => this.#take(load, clock.now());
    this.queue = queue && new Queue({ ...queue, clock, take });
  }

  snapshot(nowMs: number): LimitsSnapshot {
    return {
      underWay: this.#slots.size,
      waiting: this.queue?.length ?? 0,
      requests: this.#requests?.used(nowMs) ?? null,
      tokens: this.#tokens?.used(nowMs) ?? null,
      ...(this.fleet && { fleet: this.fleet.snapshot }),
    };
  }

  /** What the process has used of requests and tokens within the window, in whole numbers. */
  recentUse(nowMs: number): RecentUse {
    return { rpm: this.#requests?.recent(nowMs) ?? 0, tpm: Math.ceil(this.#tokens?.recent(nowMs) ?? 0) };
  }

  /** What may be used has changed: the store has answered, or does not answer. */
  sharesChanged(): void {
    const { policy, fleet, queue } = this;
    const boundOf = (limit = Infinity): number => fleet?.boundOf(limit) ?? limit;
    if (this.#requests) this.#requests.perMinute = boundOf(policy.rpm);
    if (this.#tokens) this.#tokens.perMinute = boundOf(policy.tpm);
    this.#concurrency = policy.concurrency && boundOf(policy.concurrency);
    queue?.advance();
  }

  /**
   * A slot without waiting; `undefined` where no slot is free, or where other calls wait for one.
   *
   * @param isForced the call has nowhere else to go and does not wait for its process's part of a shared limit
   */
  admit(load: Load, nowMs = this.#clock.now(), isForced = false): Slot | undefined {
    if (this.queue && this.queue.length > 0) return undefined;
    const taken = this.#take(load, nowMs, isForced);
    return typeof taken === 'number' ? undefined : taken;
  }

  /** A promise for a call that lacks nothing but its process's part of a shared limit: the store is asked for it. */
  refilled(load: Load, nowMs: number): Promise<void> | undefined {
    const { fleet, queue } = this;
    if (!fleet || queue || fleet.covers(load, nowMs) || this.blockedUntilMs(nowMs, load) !== undefined)
      return undefined;
    return fleet.refill();
  }

  /** `undefined` where `load` fits now; otherwise the earliest time at which it may fit, as far as is known, in ms since the Unix epoch. */
  blockedUntilMs(nowMs: number, load = LEAST): number | undefined {
    const concurrency = this.#concurrency;
    const isCrowded = concurrency !== undefined && this.#slots.size >= concurrency && !this.#expire(nowMs);
    let untilMs = isCrowded ? nowMs : undefined;
    if (this.#requests) untilMs = latest(untilMs, this.#requests.blockedUntilMs(1, nowMs));
    if (this.#tokens) untilMs = latest(untilMs, this.#tokens.blockedUntilMs(load.tokens, nowMs));
    if (this.fleet) untilMs = latest(untilMs, this.fleet.blockedUntilMs(load, nowMs));
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
    this.fleet?.release(load, tokens);
    if (sent) this.#models.get(load.model)?.end(load.tokens, tokens, nowMs);
    this.queue?.advance();
  }

  cancel(slot: Slot): void {
    const { load, startedAtMs, sent } = slot;
    this.#leave(slot);
    this.#requests?.takeBack(1, startedAtMs);
    this.#tokens?.hold(-load.tokens);
    this.fleet?.cancel(load);
    if (sent) this.#models.get(load.model)?.cancel(load.tokens);
    this.queue?.advance();
  }

  /** A slot, or when there may be one. */
  #take(load: Load, nowMs: number, isForced = false): Slot | number {
    const untilMs = this.blockedUntilMs(nowMs, load);
    if (untilMs !== undefined) return untilMs;
    if (this.fleet && !isForced && !this.fleet.covers(load, nowMs)) {
      this.fleet.want(load, nowMs);
      return nowMs;
    }
    this.fleet?.take(load, nowMs);
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
