/** The sums of the ledger: by day, and within a day by upstream, model, task and key. */

import type { Usage } from '../domain/usage.ts';
import type { CostTotals } from './report.ts';

/** What the ledger records of an attempt. */
export interface CostEntry {
  readonly upstream: string;
  readonly atMs: number;
  /** `null` when unknown. */
  readonly costUsd: number | null;
  /** What the same tokens would have cost on stable; `null` when unknown. */
  readonly stableCostUsd: number | null;
  readonly usage: Usage | undefined;
  /** The cost leaves something out. */
  readonly incomplete?: boolean | undefined;
  /** How many attempts the entry counts; 0 for a correction. @default 1 */
  readonly attempts?: number | undefined;
  /** How many unpriced attempts it counts. @default 1 with usage and without a known cost, else 0 */
  readonly unpriced?: number | undefined;
  readonly model?: string | undefined;
  readonly task?: string | undefined;
  readonly key?: string | undefined;
}

export type Sum = { -readonly [field in keyof CostTotals]: number };

export function emptySum(): Sum {
  return {
    attempts: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    costUsd: 0,
    unpriced: 0,
    incomplete: 0,
    stableCostUsd: 0,
    savingsUsd: 0,
  };
}

function clearSum(sum: Sum): void {
  sum.attempts = 0;
  sum.inputTokens = 0;
  sum.outputTokens = 0;
  sum.cachedInputTokens = 0;
  sum.costUsd = 0;
  sum.unpriced = 0;
  sum.incomplete = 0;
  sum.stableCostUsd = 0;
  sum.savingsUsd = 0;
}

export function addEntry(sum: Sum, entry: CostEntry): void {
  const {
    usage,
    costUsd,
    stableCostUsd,
    attempts = 1,
    unpriced = usage !== undefined && costUsd === null ? 1 : 0,
  } = entry;
  sum.attempts += attempts;
  sum.unpriced += unpriced;
  if (entry.incomplete === true) sum.incomplete += 1;
  if (usage !== undefined) {
    sum.inputTokens += usage.inputTokens;
    sum.outputTokens += usage.outputTokens;
    sum.cachedInputTokens += usage.cachedInputTokens;
  }
  if (costUsd === null) return;
  sum.costUsd += costUsd;
  if (stableCostUsd === null) return;
  sum.stableCostUsd += stableCostUsd;
  sum.savingsUsd += stableCostUsd - costUsd;
}

export function addSum(sum: Sum, other: CostTotals): Sum {
  sum.attempts += other.attempts;
  sum.inputTokens += other.inputTokens;
  sum.outputTokens += other.outputTokens;
  sum.cachedInputTokens += other.cachedInputTokens;
  sum.costUsd += other.costUsd;
  sum.unpriced += other.unpriced;
  sum.incomplete += other.incomplete;
  sum.stableCostUsd += other.stableCostUsd;
  sum.savingsUsd += other.savingsUsd;
  return sum;
}

/** The sum of a name, added to `sums` if it is missing. */
export function sumOf<Name>(sums: Map<Name, Sum>, name: Name): Sum {
  let sum = sums.get(name);
  if (sum === undefined) sums.set(name, (sum = emptySum()));
  return sum;
}

/** One of the names that `TopSums` keeps. */
interface Slot {
  /** Index in the heap. */
  place: number;
  name: string;
  /** An upper bound of what the name spent: it includes what the slot's former names spent. */
  weight: number;
  readonly sum: Sum;
}

/**
 * Sums for the names that spend most, at most `capacity` of them, and one sum for all others. The number of names is unbounded, the
 * memory is not. The algorithm is Space-Saving, weighted by money (A. Metwally, D. Agrawal, A. El Abbadi: Efficient Computation of
 * Frequent and Top-k Elements in Data Streams, ICDT 2005): a new name takes the slot with the least weight. Each name that spends
 * more than 1/`capacity` of the total has a slot. What a name spent before it got its slot is part of `other`.
 */
export class TopSums {
  /** Names that lost their slot. */
  readonly other: Sum = emptySum();
  /** Attempts without a name. */
  readonly unnamed: Sum = emptySum();
  readonly #capacity: number;
  /** A binary min-heap by weight. */
  readonly #slots: Slot[] = [];
  readonly #byName = new Map<string, Slot>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Names and their sums, unordered. */
  get named(): readonly Readonly<Pick<Slot, 'name' | 'sum'>>[] {
    return this.#slots;
  }

  add(name: string | undefined, entry: CostEntry): void {
    if (name === undefined) return addEntry(this.unnamed, entry);
    const slot = this.#byName.get(name) ?? this.#admit(name);
    slot.weight += weightOf(entry);
    this.#sink(slot);
    addEntry(slot.sum, entry);
  }

  #admit(name: string): Slot {
    const slot = this.#slots.length < this.#capacity ? this.#addSlot(name) : this.#reuseLeast(name);
    this.#byName.set(name, slot);
    return slot;
  }

  /** A new slot has weight 0, so it rises to the top of the heap. */
  #addSlot(name: string): Slot {
    const slot: Slot = { place: this.#slots.length, name, weight: 0, sum: emptySum() };
    this.#slots.push(slot);
    while (slot.place > 0) this.#swap(this.#slots[(slot.place - 1) >> 1]!, slot); // the parent has a smaller index
    return slot;
  }

  /** Gives the slot with the least weight to another name. The object is reused: with a long tail of names each attempt needs a slot. */
  #reuseLeast(name: string): Slot {
    const least = this.#slots[0]!; // the heap is full
    this.#byName.delete(least.name);
    addSum(this.other, least.sum);
    clearSum(least.sum);
    least.name = name;
    return least;
  }

  /** Restores the heap after a slot's weight has grown. */
  #sink(slot: Slot): void {
    for (;;) {
      const left = this.#slots[2 * slot.place + 1];
      const right = this.#slots[2 * slot.place + 2];
      const lighter = left && right && right.weight < left.weight ? right : left;
      if (!lighter || lighter.weight >= slot.weight) return;
      this.#swap(slot, lighter);
    }
  }

  /** @param above the parent of `below` */
  #swap(above: Slot, below: Slot): void {
    const { place } = above;
    above.place = below.place;
    below.place = place;
    this.#slots[above.place] = above;
    this.#slots[below.place] = below;
  }
}

/** In USD. Without a known cost, a million tokens weigh as much as 1 USD. */
function weightOf({ costUsd, usage }: CostEntry): number {
  return costUsd ?? ((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)) / 1_000_000;
}

const MS_PER_DAY = 86_400_000;

/** How many names are kept per day; together about 60 kB a day. */
export const MAX_NAMES = { model: 32, task: 32, key: 128 } as const;

/** What was spent on one day. */
export class CostDay {
  /** As `Calendar` numbers days. */
  readonly day: number;
  readonly upstream = new Map<string, Sum>();
  readonly model = new TopSums(MAX_NAMES.model);
  readonly task = new TopSums(MAX_NAMES.task);
  readonly key = new TopSums(MAX_NAMES.key);

  constructor(day: number) {
    this.day = day;
  }

  add(entry: CostEntry): void {
    addEntry(sumOf(this.upstream, entry.upstream), entry);
    this.model.add(entry.model, entry);
    this.task.add(entry.task, entry);
    this.key.add(entry.key, entry);
  }
}

/** The first day of a period that `periodOf` names. */
export function firstDayOf(period: string): number {
  return Date.parse(period) / MS_PER_DAY;
}

/** `YYYY-MM-DD`, or `YYYY-MM` for the month. */
export function periodOf(day: number, by: 'day' | 'month'): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, by === 'day' ? 10 : 7);
}
