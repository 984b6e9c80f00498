/** A sum over a sliding window. */

import { type Sliced, SLICES } from './sliding-window.ts';

/**
 * A counter or an amount, kept by slice. The total is added up when it is asked for: a running total of USD would keep the
 * rounding of every amount that was ever added and taken away, and an idle upstream would cost 1e-17 USD.
 */
export class SlicedCounter implements Sliced {
  readonly #slices = new Float64Array(SLICES);

  get byteLength(): number {
    return this.#slices.byteLength;
  }

  add(slice: number, amount: number): void {
    this.#slices[slice] = (this.#slices[slice] ?? 0) + amount;
  }

  expire(slice: number): void {
    this.#slices[slice] = 0;
  }

  total(): number {
    let total = 0;
    for (const amount of this.#slices) total += amount;
    return total;
  }
}

/** One counter for each name. */
export function createCounters<Name extends string>(names: readonly Name[]): Readonly<Record<Name, SlicedCounter>> {
  // Object.fromEntries forgets the names.
  return Object.fromEntries(names.map((name) => [name, new SlicedCounter()])) as Record<Name, SlicedCounter>;
}
