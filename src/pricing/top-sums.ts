/** Sums by name, for names that may be any number. */

import { addEntry, addSum, emptySum, type CostEntry, type Sum } from './cost-sum.ts';

interface Slot {
  readonly index: number;
  name: string;
  sum: Sum;
}

/**
 * Keeps the sums of the names that spend most, at most `capacity` of them, and the sum of all others: Space-Saving, by money (A.
 * Metwally, D. Agrawal, A. El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams, ICDT 2005). A new name
 * takes the slot of the least: so whoever spends more than a `capacity`th of all is there, and what a name spent before it had its
 * slot is among the others.
 */
export class TopSums {
  /** Names that had to give way. */
  readonly other: Sum = emptySum();
  /** Attempts without a name. */
  readonly unnamed: Sum = emptySum();
  readonly #slots: Slot[] = [];
  readonly #byName = new Map<string, Slot>();
  /** What the name of a slot may have spent at most: also what was spent under the names that had the slot before it. */
  readonly #weights: Float64Array;

  constructor(capacity: number) {
    this.#weights = new Float64Array(capacity);
  }

  /** Names and their sums, in no order. */
  get named(): readonly Readonly<Pick<Slot, 'name' | 'sum'>>[] {
    return this.#slots;
  }

  add(name: string | undefined, entry: CostEntry): void {
    if (name === undefined) return addEntry(this.unnamed, entry);
    const slot = this.#byName.get(name) ?? this.#admit(name);
    this.#weights[slot.index]! += weightOf(entry); // a slot's index is within
    addEntry(slot.sum, entry);
  }

  #admit(name: string): Slot {
    const index = this.#slots.length;
    const slot = index < this.#weights.length ? { index, name, sum: emptySum() } : this.#vacated(name);
    this.#slots[slot.index] = slot;
    this.#byName.set(name, slot);
    return slot;
  }

  /** The slot of the name that spent least, for another: the same object, for in a long tail of names every attempt takes one. */
  #vacated(name: string): Slot {
    const weights = this.#weights;
    let index = 0;
    for (let other = 1; other < weights.length; other += 1) if (weights[other]! < weights[index]!) index = other;
    const least = this.#slots[index]!; // all are taken
    this.#byName.delete(least.name);
    addSum(this.other, least.sum);
    Object.assign(least.sum, NOTHING);
    least.name = name;
    return least;
  }
}

const NOTHING = emptySum();

/** In USD; an attempt without a price weighs as if a million tokens cost a dollar. */
function weightOf({ costUsd, usage }: CostEntry): number {
  return costUsd ?? ((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)) / 1_000_000;
}
