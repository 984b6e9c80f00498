/** Shares the table of the split through the store: weights that change at run time hold for all processes, and for later ones. */

import type { Ranges, Weights } from '../domain/call.ts';
import { canonicalJson, isRecord } from '../domain/json.ts';
import type { Json, Store } from '../domain/store.ts';
import type { Traffic } from '../routing/traffic.ts';
import type { Clock } from '../time/clock.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';

const KEY = 'split';
/** The time between two looks at the store. */
const POLL_MS = 2_000;

export interface SharedSplitInput {
  readonly traffic: Traffic;
  readonly store: Store;
  /** All upstreams. A table that names others comes from another configuration. */
  readonly names: readonly string[];
  /** The weights in the options. */
  readonly weights: Weights;
  readonly clock: Clock;
  readonly warn: (error: unknown) => void;
}

/** What is stored. `stable` is the upstream in service of the process that wrote it, and `options` the weights in its options. */
interface StoredSplit {
  readonly ranges: Ranges;
  readonly stable: string;
  readonly options: string;
}

/**
 * Nothing is stored before the weights change at run time. A process that starts takes the stored table. If the weights in its options are
 * not those that the table began with, they are newer: they change the table, and as few keys as possible move.
 */
export class SharedSplit {
  readonly #input: SharedSplitInput;
  readonly #options: string;
  /** The stored text that this process has read or written last. */
  #known: string | undefined;
  /** This process has changed the weights, and the store does not have them yet. */
  #isUnwritten = false;
  /** Writes and reads, one after another. */
  #last: Promise<void>;
  readonly #ticker: Ticker;

  constructor(input: SharedSplitInput) {
    const { clock, traffic, weights } = input;
    this.#input = input;
    this.#options = canonicalJson(weights);
    traffic.onTable(() => {
      this.#isUnwritten = true;
      this.#enqueue(() => this.#write());
    });
    this.#last = this.#safely(() => this.#start());
    this.#ticker = startTicker(clock, POLL_MS, this, (split) => split.#enqueue(() => split.#poll()));
  }

  /** Stops looking at the store, and resolves when all changes are written. */
  async close(): Promise<void> {
    this.#ticker.stop();
    await this.#last;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#last = this.#last.then(() => this.#safely(work));
  }

  async #safely(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#input.warn(error);
    }
  }

  async #start(): Promise<void> {
    const { traffic, weights, clock } = this.#input;
    const stored = await this.#read();
    // Weights that were changed meanwhile are newer.
    if (!stored || this.#isUnwritten) return;
    traffic.setTable(stored.ranges, stored.stable);
    if (stored.options === this.#options) return;
    traffic.setWeights(weights, clock.now());
  }

  async #poll(): Promise<void> {
    if (this.#isUnwritten) return this.#write();
    const stored = await this.#read();
    if (stored) this.#input.traffic.setTable(stored.ranges, stored.stable);
  }

  /** The stored table; `undefined` if it is known already, or is not one of this configuration. */
  async #read(): Promise<StoredSplit | undefined> {
    const value = await this.#input.store.read(KEY);
    const text = canonicalJson(value);
    if (value === undefined || text === this.#known) return undefined;
    this.#known = text;
    return isSplit(value, this.#input.names) ? value : undefined;
  }

  async #write(): Promise<void> {
    const { ranges, stable } = this.#input.traffic;
    const value = { ranges, stable, options: this.#options } as unknown as Json;
    await this.#input.store.write(KEY, value, 0);
    this.#known = canonicalJson(value);
    this.#isUnwritten = ranges !== this.#input.traffic.ranges;
  }
}

function isSplit(value: unknown, names: readonly string[]): value is StoredSplit {
  if (!isRecord(value) || typeof value['options'] !== 'string') return false;
  const { ranges, stable } = value;
  if (typeof stable !== 'string' || !names.includes(stable) || !Array.isArray(ranges)) return false;
  let start = 0;
  for (const range of ranges as readonly unknown[]) {
    const [end, upstream] = Array.isArray(range) ? (range as readonly unknown[]) : [];
    if (typeof end !== 'number' || !(end > start) || !names.includes(upstream as string)) return false;
    start = end;
  }
  return start === 1;
}
