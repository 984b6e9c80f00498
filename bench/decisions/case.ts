/** One line of the table: what is run, how often, and what it has to come to. */

/** For people. */
export interface Line {
  readonly case: string;
  readonly ours: string;
  readonly 'to reach': string;
  readonly reached: 'yes' | 'no';
  readonly '> 1 %'?: string;
  readonly '> 5 %'?: string;
  readonly 'peeked z-test'?: string;
  readonly 'three strikes'?: string;
}

export interface Case {
  readonly runs: number;
  /** One run; the same for the same seed. */
  run(seed: number): readonly number[];
  /** What all runs come to. */
  report(results: readonly (readonly number[])[]): Line;
}

export function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

export function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1]!;
}

export function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

export function yesIf(reached: boolean): 'yes' | 'no' {
  return reached ? 'yes' : 'no';
}
