/** The limits of one upstream that processes share through a store, as this process sees them. */

import type { LimitsSnapshot } from '../../domain/snapshot.ts';
import type { PartGrant, PartRequest } from '../../domain/store.ts';
import { LimitPart, type PartAsker } from './limit-part.ts';
import { latest } from './provider-limits.ts';
import type { Load } from './slot.ts';

/** The time within which all processes come back to a store that was away, in ms. */
const RETURN_MS = 20_000;

/** When a call that finds no room is worth another try while the store is away, in ms. */
const AGAIN_MS = 1_000;

/** Asks the store for parts, in the background. */
export interface PartSource {
  /** Parts are getting low. */
  askSoon(): void;
  /** Resolves when the store has answered a request that was sent after this call, or does not answer. Never rejects. */
  refill(): Promise<void>;
}

/** The limits in question; `undefined`: no limit. */
export interface FleetLimitsInput {
  /** Starts the names of the limits in the store. */
  readonly name: string;
  /** How long used requests and tokens count, in ms. */
  readonly windowMs: number;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly concurrency: number | undefined;
}

/** What this process has used within the window. */
export type RecentUse = Readonly<Record<'rpm' | 'tpm', number>>;

type Kind = 'rpm' | 'tpm' | 'concurrency';
type FleetState = NonNullable<LimitsSnapshot['fleet']>;

export class FleetLimits {
  readonly #parts: ReadonlyMap<Kind, LimitPart>;
  #state: FleetState['state'] = 'starting';
  #processes = 1;
  /** When the store answered again after it had been away. */
  #backAtMs = -Infinity;
  #source: PartSource | undefined;

  constructor({ name, windowMs, ...limits }: FleetLimitsInput) {
    const kinds = (['rpm', 'tpm', 'concurrency'] as const).flatMap((kind) => {
      const limit = limits[kind];
      const input = { name: `${name}:${kind}`, windowMs: kind === 'concurrency' ? 0 : windowMs };
      return limit === undefined ? [] : [[kind, new LimitPart({ ...input, limit })] as const];
    });
    this.#parts = new Map(kinds);
  }

  get snapshot(): FleetState {
    return { state: this.#state, processes: this.#processes };
  }

  connect(source: PartSource): void {
    this.#source = source;
  }

  /** The most that this process may use of a limit: all of it, or its share while the store does not answer. */
  boundOf(limit: number): number {
    return this.#state === 'away' ? Math.max(1, Math.floor(limit / this.#processes)) : limit;
  }

  /** Whether the parts of this process cover an attempt. Without the store, each process keeps to its share of the limits instead. */
  covers(load: Load, nowMs: number): boolean {
    const isAway = this.#state === 'away';
    for (const [kind, part] of this.#parts) {
      const amount = amountOf(kind, load);
      if (!(isAway ? part.coversAlone(amount, nowMs, this.boundOf(part.limit)) : part.covers(amount, nowMs)))
        return false;
    }
    return true;
  }

  /** `undefined` if the parts cover `load` or may be refilled; otherwise when the store is worth asking again, in ms since the Unix epoch. */
  blockedUntilMs(load: Load, nowMs: number): number | undefined {
    // Without the store something may be free in a second, or the store is back.
    if (this.#state === 'away') return this.covers(load, nowMs) ? undefined : nowMs + AGAIN_MS;
    let untilMs: number | undefined;
    for (const [kind, part] of this.#parts) untilMs = latest(untilMs, part.blockedUntilMs(amountOf(kind, load), nowMs));
    return untilMs;
  }

  /** Asks the store for what an attempt lacks. */
  want(load: Load, nowMs: number): void {
    for (const [kind, part] of this.#parts) {
      const amount = amountOf(kind, load);
      if (!part.covers(amount, nowMs)) part.want(amount);
    }
    this.#source?.askSoon();
  }

  /** As `want`, for a call that waits for it. */
  refill(): Promise<void> | undefined {
    return this.#state === 'away' ? undefined : this.#source?.refill();
  }

  take(load: Load, nowMs: number): void {
    this.#parts.get('rpm')?.use(1);
    this.#parts.get('tpm')?.hold(amountOf('tpm', load));
    this.#parts.get('concurrency')?.hold(1);
    if (this.#state !== 'shared') return;
    for (const part of this.#parts.values()) if (part.isLow(nowMs)) return this.#source?.askSoon();
  }

  /** The attempt has ended. */
  release(load: Load, usedTokens: number): void {
    this.#parts.get('tpm')?.release(amountOf('tpm', load), Math.ceil(usedTokens));
    this.#parts.get('concurrency')?.release(1, 0);
  }

  /** The attempt was not made. */
  cancel(load: Load): void {
    this.#parts.get('rpm')?.takeBack(1);
    this.release(load, 0);
  }

  /** What to ask the store for; nothing while nothing is used. */
  requests(asker: Omit<PartAsker, 'recent'>, recent: RecentUse): readonly PartRequest[] {
    const isDue =
      this.#state !== 'shared' || [...this.#parts.values()].some((part) => asker.leaves || part.isDue(asker.nowMs));
    if (!isDue) return [];
    return [...this.#parts].map(([kind, part]) =>
      part.request({ ...asker, recent: kind === 'concurrency' ? 0 : recent[kind] }),
    );
  }

  /** @param grants the answers to what `requests()` returned */
  answered(grants: readonly PartGrant[], nowMs: number, random: () => number): void {
    if (this.#state === 'away') this.#backAtMs = nowMs;
    this.#state = 'shared';
    // The store has forgotten the processes, and they come back one after another.
    const known = nowMs - this.#backAtMs < RETURN_MS ? this.#processes : 1;
    this.#processes = Math.max(known, ...grants.map(({ processes }) => processes));
    [...this.#parts.values()].forEach((part, index) => {
      const grant = grants[index];
      if (grant) part.answered(grant, nowMs, random());
    });
  }

  /** The store does not answer. */
  failed(): void {
    this.#state = 'away';
    for (const part of this.#parts.values()) part.failed();
  }
}

function amountOf(kind: Kind, { tokens }: Load): number {
  return kind === 'tpm' ? Math.ceil(tokens) : 1;
}
