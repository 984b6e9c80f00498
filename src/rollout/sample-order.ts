/**
 * The order in which the samples of a rollout are judged. What a sample tells waits for the samples that were assigned before it. Judged as
 * they end, a burst of calls would show the answers of the faster side first, and the other side would seem to have lost its share.
 * A bad sample does not wait, because an outage must be noticed while slow calls are in flight.
 */

import type { CountedSample } from './sample-blocks.ts';

/** The place of a sample in the order. */
export interface OrderedSample {
  /** What it tells, until that is counted. */
  told: CountedSample[];
  /** It has told all that the judge waits for. */
  hasEnded: boolean;
  /** It no longer waits for others, and others do not wait for it. */
  isOut: boolean;
}

/** Limits the memory. Beyond it the oldest sample leaves the order. */
const MOST_WAITING = 10_000;
/** Places at the start that are left unused before the rest moves there. */
const MOST_UNUSED = 1_000;

export class SampleOrder<Sample extends OrderedSample> {
  readonly #count: (sample: Sample, told: CountedSample) => void;
  /** In the order of their assignment, from `#first` on. */
  #waiting: Sample[] = [];
  #first = 0;

  /** @param count called once for each statement, in order */
  constructor(count: (sample: Sample, told: CountedSample) => void) {
    this.#count = count;
  }

  opened(sample: Sample): void {
    this.#waiting.push(sample);
    if (this.#waiting.length - this.#first > MOST_WAITING) this.#leaveFirst();
  }

  /** Called after each change of a sample. */
  changed(sample: Sample): void {
    if (sample.isOut) this.#countOf(sample);
    while (this.#first < this.#waiting.length) {
      const { hasEnded, isOut } = this.#waiting[this.#first]!;
      if (!hasEnded && !isOut) break;
      this.#leaveFirst();
    }
    if (this.#first < this.#waiting.length && this.#first < MOST_UNUSED) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  /** Counts all that is told, whatever is still in flight. */
  flush(): void {
    while (this.#first < this.#waiting.length) this.#leaveFirst();
  }

  #leaveFirst(): void {
    const sample = this.#waiting[this.#first]!;
    this.#first += 1;
    sample.isOut = true;
    this.#countOf(sample);
  }

  #countOf(sample: Sample): void {
    if (sample.told.length === 0) return;
    const { told } = sample;
    sample.told = [];
    for (const one of told) this.#count(sample, one);
  }
}
