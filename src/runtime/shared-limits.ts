/** Shares the limits of upstreams with other processes: takes small parts of them from the store, in the background. */

import { randomUUID } from 'node:crypto';
import type { PartGrant, PartRequest, Store } from '../domain/store.ts';
import type { FleetLimits, PartSource } from '../resilience/limits/fleet-limits.ts';
import type { UpstreamLimits } from '../resilience/limits/upstream-limits.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import { withTimeout } from '../time/wait.ts';

/** What is used reaches the store within this time, in ms. */
const EVERY_MS = 500;
/** The least time between two requests that no call waits for, in ms. */
const APART_MS = 50;
/** The longest that a call waits for the store. A store that takes longer is away, and delays no further call. */
const ANSWER_MS = 250;
/** How long an answer that no call waits for may take, in ms. */
const LATE_MS = 10_000;

export interface SharedLimitsInput {
  readonly store: Store | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when the store takes too long for the calls that wait for it. */
  readonly warn: (error: unknown) => void;
}

type LimitedUpstreams = ReadonlyMap<string, { readonly limits?: UpstreamLimits | undefined }>;
type Sharing = UpstreamLimits & { readonly fleet: FleetLimits };

/** `undefined` where no limits are shared. */
export function shareLimits(upstreams: LimitedUpstreams, input: SharedLimitsInput): SharedLimits | undefined {
  const shared = [...upstreams.values()].flatMap(({ limits }) => (limits?.fleet ? [limits as Sharing] : []));
  return input.store?.takeParts && shared.length > 0 ? new SharedLimits(shared, input) : undefined;
}

/** One request of the store at a time, for all limits of the process. */
export class SharedLimits implements PartSource {
  readonly #limits: readonly Sharing[];
  readonly #input: SharedLimitsInput;
  readonly #source: string = randomUUID();
  readonly #ticker: Ticker;
  #asking: Promise<void> | undefined;
  /** The request after that one, which has not begun. */
  #next: Promise<void> | undefined;
  #soon: Timer | undefined;
  #askedAtMs = -Infinity;
  /** A request that the store has left unanswered. */
  #unanswered: { readonly sinceMs: number } | undefined;
  #isAway = false;
  #closed = false;

  constructor(limits: readonly Sharing[], input: SharedLimitsInput) {
    this.#limits = limits;
    this.#input = input;
    for (const { fleet } of limits) fleet.connect(this);
    this.#ticker = startTicker(input.clock, EVERY_MS, this, (shared) => void shared.#ask());
    void this.#ask();
  }

  askSoon(): void {
    if (this.#soon || this.#next || this.#isAway || this.#closed) return;
    const { clock } = this.#input;
    const waitMs = this.#askedAtMs + APART_MS - clock.now();
    this.#soon = clock.setTimeout(
      () => {
        this.#soon = undefined;
        void this.refill();
      },
      Math.max(0, waitMs),
    );
  }

  refill(): Promise<void> {
    this.#next ??= this.#askAgain();
    return this.#next;
  }

  /** Gives back what is not in use. Never rejects. Each process keeps to its share from then on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ticker.stop();
    this.#soon?.cancel();
    await this.#next;
    await this.#asking;
    if (!this.#unanswered) await this.#ask();
    this.#goOn();
  }

  /** The request under way may have missed the latest demand. */
  async #askAgain(): Promise<void> {
    await this.#asking;
    this.#next = undefined;
    if (!this.#isAway) await this.#ask();
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askOnce(): Promise<void> {
    const { clock } = this.#input;
    const nowMs = clock.now();
    if (this.#unanswered && nowMs - this.#unanswered.sinceMs < LATE_MS) return;
    const asker = { source: this.#source, nowMs, leaves: this.#closed };
    const asked = this.#limits.map((limits) => limits.fleet.requests(asker, limits.recentUse(nowMs)));
    const requests = asked.flat();
    if (requests.length === 0) return;
    this.#askedAtMs = nowMs;
    try {
      const grants = await this.#inTime(this.#take(requests));
      this.#answered(asked, grants);
    } catch (error) {
      this.#goOn();
      // Once each time that the store stops answering.
      if (!this.#isAway) this.#input.warn(error);
      this.#isAway = true;
    }
  }

  /**
   * Rejects after `ANSWER_MS`. It waits twice for half of it: where the process itself was busy, an answer that has arrived meanwhile is
   * read in between.
   */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { clock } = this.#input;
    await withTimeout(answer, ANSWER_MS / 2, clock).catch(() => undefined);
    return withTimeout(answer, ANSWER_MS / 2, clock);
  }

  /** A request that takes too long stays under way: no further one is sent until it ends. */
  async #take(requests: readonly PartRequest[]): Promise<readonly PartGrant[]> {
    const { store, clock } = this.#input;
    const unanswered = { sinceMs: clock.now() };
    this.#unanswered = unanswered;
    try {
      return (await store?.takeParts?.(requests)) ?? [];
    } finally {
      if (this.#unanswered === unanswered) this.#unanswered = undefined;
    }
  }

  #answered(asked: readonly (readonly PartRequest[])[], grants: readonly PartGrant[]): void {
    const { clock, random } = this.#input;
    this.#isAway = false;
    const nowMs = clock.now();
    let start = 0;
    this.#limits.forEach((limits, index) => {
      const count = asked[index]?.length ?? 0;
      if (count > 0) limits.fleet.answered(grants.slice(start, start + count), nowMs, random);
      start += count;
    });
    for (const limits of this.#limits) limits.sharesChanged();
  }

  #goOn(): void {
    for (const limits of this.#limits) {
      limits.fleet.failed();
      limits.sharesChanged();
    }
  }
}
