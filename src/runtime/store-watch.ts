/** Watches the shared store: whether it answers, how fast, and one warning for each time that it does not. */

import { isThenable } from '../domain/json.ts';
import type { Store, StoreAnswers, StoreSnapshot } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';

/** An answer that takes longer is slow, in ms. */
const SLOW_MS = 1_000;
/** The time limit of an operation: a store that misses it is away, in ms. */
const AWAY_MS = 10_000;
/** An outage ends with the first fast answer this long after the last failure, in ms. The store is asked at least every two seconds. */
const CALM_MS = 3_000;

/** Operations that fail together: a store that is full or read-only answers reads, and refuses everything else. */
type Kind = 'read' | 'write';

const READS: ReadonlySet<string> = new Set(['read', 'keys', 'messages', 'blocks', 'recall', 'reports']);

/** What rollouts add to the snapshot. */
type Sharing = Pick<StoreSnapshot, 'unsentSamples' | 'lostSamples' | 'leads'>;
const NOTHING_SHARED: Sharing = { unsentSamples: 0, lostSamples: 0, leads: [] };

export class StoreWatch {
  /** The store, with every operation watched. */
  readonly store: Store;
  readonly #clock: Clock;
  readonly #warnings: Warnings;
  /** When each unanswered operation began, oldest first. */
  readonly #pending = new Set<{ readonly startMs: number }>();
  /** Kinds of operations whose last one has failed. */
  readonly #failing = new Map<Kind, { readonly sinceMs: number; readonly reason: string }>();
  /** `undefined` before the first answer. */
  #answer: { readonly sinceMs: number; readonly answerMs: number } | undefined;
  #lastFailureMs = -Infinity;
  #outages = 0;
  #isOutage = false;

  constructor(store: Store, { clock, warnings }: { readonly clock: Clock; readonly warnings: Warnings }) {
    this.#clock = clock;
    this.#warnings = warnings;
    this.store = this.#watched(store);
  }

  snapshot({ unsentSamples, lostSamples, leads }: Sharing = NOTHING_SHARED): StoreSnapshot {
    return { ...this.#answers, pending: this.#pending.size, unsentSamples, lostSamples, leads };
  }

  get #answers(): StoreAnswers {
    const [failure] = [...this.#failing.values()].toSorted((one, other) => one.sinceMs - other.sinceMs);
    if (failure) return { state: 'away', ...failure };
    if (!this.#answer) return { state: 'connecting' };
    const waitedMs = this.#waitedMs;
    if (waitedMs > SLOW_MS) return { state: 'slow', sinceMs: this.#clock.now() - waitedMs, answerMs: waitedMs };
    const { sinceMs, answerMs } = this.#answer;
    return { state: answerMs > SLOW_MS ? 'slow' : 'connected', sinceMs, answerMs };
  }

  /** How long the oldest operation waits, in ms. */
  get #waitedMs(): number {
    const [oldest] = this.#pending;
    return oldest ? this.#clock.now() - oldest.startMs : 0;
  }

  /** Warns of a failure, once for each outage. */
  failed(error: unknown): void {
    const atMs = this.#clock.now();
    if (!this.#isOutage) this.#outages += 1;
    this.#isOutage = true;
    this.#lastFailureMs = atMs;
    const message = `The store failed (${errorName(error)}); calls continue with the last known state, and counts are kept`;
    this.#warnings.once(`store ${this.#outages}`, { code: 'store', message, atMs });
  }

  /** A store may have methods of its own class, or be frozen: so the proxy is one of an empty object. */
  #watched(store: Store): Store {
    const methods = new Map<string | symbol, unknown>();
    const methodOf = (name: string | symbol, method: (...args: unknown[]) => unknown) => {
      const kind: Kind = READS.has(String(name)) ? 'read' : 'write';
      return (...args: unknown[]) => this.#observe(kind, () => method.apply(store, args));
    };
    const valueOf = (name: string | symbol): unknown => {
      const value: unknown = Reflect.get(store, name);
      if (typeof value !== 'function') return value;
      if (!methods.has(name)) methods.set(name, methodOf(name, value as (...args: unknown[]) => unknown));
      return methods.get(name);
    };
    const handler = {
      get: (_: object, name: string | symbol) => valueOf(name),
      has: (_: object, name: string | symbol) => name in store,
    };
    // Each of its members is that of the store.
    return new Proxy({}, handler) as Store;
  }

  #observe(kind: Kind, operation: () => unknown): unknown {
    const entry = { startMs: this.#clock.now() };
    let result: unknown;
    try {
      result = operation();
    } catch (error) {
      this.#operationFailed(kind, error);
      throw error;
    }
    if (!isThenable(result)) return result;
    this.#pending.add(entry);
    return withTimeout(Promise.resolve(result), AWAY_MS, this.#clock)
      .then(
        (value: unknown) => {
          this.#answered(kind, this.#clock.now() - entry.startMs);
          return value;
        },
        (error: unknown) => {
          this.#operationFailed(kind, error);
          throw error;
        },
      )
      .finally(() => this.#pending.delete(entry));
  }

  #answered(kind: Kind, answerMs: number): void {
    const wasAway = this.#failing.delete(kind);
    const before = this.#answer;
    const isSame = before && !wasAway && before.answerMs > SLOW_MS === answerMs > SLOW_MS;
    this.#answer = { sinceMs: isSame ? before.sinceMs : this.#clock.now(), answerMs };
    if (answerMs > SLOW_MS) return this.failed(new Error(`an answer took ${Math.round(answerMs)} ms`));
    const isCalm = this.#failing.size === 0 && this.#clock.now() - this.#lastFailureMs > CALM_MS;
    if (isCalm && this.#waitedMs <= SLOW_MS) this.#isOutage = false;
  }

  #operationFailed(kind: Kind, error: unknown): void {
    if (!this.#failing.has(kind)) this.#failing.set(kind, { sinceMs: this.#clock.now(), reason: errorName(error) });
    this.failed(error);
  }
}
