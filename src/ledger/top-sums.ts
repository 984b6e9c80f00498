/** Sums by name, for names that may be any number. */

import { addEntry, addSum, clearSum, emptySum, type CostEntry, type Sum } from './sums.ts';

interface Slot {
  /** Where it stands in the heap. */
  place: number;
  name: string;
  /** What the name may have spent at most: also what was spent under the names that had the slot before it. */
  weight: number;
  readonly sum: Sum;
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
  readonly #capacity: number;
  /** A binary heap: none weighs less than the one at half its place, the least is the first. */
  readonly #slots: Slot[] = [];
  readonly #byName = new Map<string, Slot>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Names and their sums, in no order. */
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
    const slot = this.#slots.length < this.#capacity ? this.#opened(name) : this.#vacated(name);
    this.#byName.set(name, slot);
    return slot;
  }

  /** Weighs nothing yet: it belongs to the first. */
  #opened(name: string): Slot {
    const slot: Slot = { place: this.#slots.length, name, weight: 0, sum: emptySum() };
    this.#slots.push(slot);
    while (slot.place > 0) this.#swap(this.#slots[(slot.place - 1) >> 1]!, slot); // its parent stands before it
    return slot;
  }

  /** The slot of the name that spent least, for another: the same object, for in a long tail of names every attempt takes one. */
  #vacated(name: string): Slot {
    const least = this.#slots[0]!; // all are taken
    this.#byName.delete(least.name);
    addSum(this.other, least.sum);
    clearSum(least.sum);
    least.name = name;
    return least;
  }

  /** It weighs more than before. */
  #sink(slot: Slot): void {
    for (;;) {
      const left = this.#slots[2 * slot.place + 1];
      const right = this.#slots[2 * slot.place + 2];
      const lighter = left && right && right.weight < left.weight ? right : left;
      if (!lighter || lighter.weight >= slot.weight) return;
      this.#swap(slot, lighter);
    }
  }

  /** @param above stands above `below` */
  #swap(above: Slot, below: Slot): void {
    const { place } = above;
    above.place = below.place;
    below.place = place;
    this.#slots[above.place] = above;
    this.#slots[below.place] = below;
  }
}

/** In USD; an attempt without a price weighs as if a million tokens cost a dollar. */
function weightOf({ costUsd, usage }: CostEntry): number {
  return costUsd ?? ((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)) / 1_000_000;
}
