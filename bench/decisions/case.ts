/** One line of the table: the simulation, its number of runs and its target. */

/** A line of the printed table. */
export interface Line {
  readonly case: string;
  readonly ours: string;
  readonly target: string;
  readonly reached: 'yes' | 'no';
  readonly '> 1 %'?: string;
  readonly '> 5 %'?: string;
  readonly 'peeked z-test'?: string;
  readonly 'three strikes'?: string;
}

export interface Case {
  readonly runs: number;
  /** One run. Equal seeds give equal results. */
  run(seed: number): readonly number[] | Promise<readonly number[]>;
  /** Summarises the results of all runs. */
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
