/** The numbers of the charts: an hour of samples, recorded whether or not a page is open. */

import { systemClock } from '../time/system-clock.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import type { PageSamples } from './page-state.ts';
import type { Sample, Source } from './source.ts';

const SAMPLE_MS = 2_000;
const MAX_SAMPLES = 3_600_000 / SAMPLE_MS;

export class Recorder {
  readonly #source: Source;
  readonly #samples: Sample[] = [];
  readonly #ticker: Ticker;
  /** The number of samples ever taken, which is that of the latest. */
  #count = 0;

  constructor(source: Source) {
    this.#source = source;
    // The ticker does not keep a dashboard alive that the application has dropped.
    this.#ticker = startTicker(systemClock, SAMPLE_MS, this, (recorder) => void recorder.record());
  }

  /** The number of the latest sample, 0 before the first. */
  get latest(): number {
    return this.#count;
  }

  /** How many lines each chart has. */
  get lines(): number {
    return this.#source.lines().length;
  }

  /** Takes a sample. A source that cannot be read leaves a gap. */
  async record(): Promise<void> {
    const sample = await this.#source.sample().catch(() => undefined);
    if (!sample) return;
    this.#samples.push(sample);
    this.#count += 1;
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** The samples after a number, or all of them if that is none of those kept. */
  after(number: number | undefined): PageSamples {
    const first = this.#count - this.#samples.length;
    const isKnown = number !== undefined && number >= first && number <= this.#count;
    const samples = isKnown ? this.#samples.slice(number - first) : this.#samples;
    const { charts } = this.#source;
    const lines = [...this.#source.lines()];
    const values = charts.map((_, chart) =>
      lines.map((_name, line) => samples.map((sample) => rounded(sample.values[chart]?.[line] ?? null))),
    );
    return { reset: !isKnown, charts, lines, atMs: samples.map(({ atMs }) => Math.round(atMs)), values };
  }

  close(): void {
    this.#ticker.stop();
  }
}

/** Four digits are more than a chart can show. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}
