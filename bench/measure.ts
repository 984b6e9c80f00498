/** Measures several ways to do one thing in turns, so that a machine whose speed drifts slows all of them alike. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Ways by name. One that gives a number says itself how long it took, in µs. */
export type Contenders<Name extends string> = Readonly<Record<Name, () => Promise<unknown>>>;

export interface RoundOptions {
  /** Batches of each contender that count. */
  readonly rounds: number;
  /** Times that a batch does it. */
  readonly times: number;
  /** How many are under way at once. @default 1 */
  readonly concurrency?: number;
  /**
   * Goes of each contender before those that count. V8 has compiled all of a call for good after 10,000 to 15,000: until then each takes
   * longer, and more so the more code it has. @default a quarter of those that count
   */
  readonly warmUp?: number;
}

export interface MeasureOptions extends RoundOptions {
  /** What time is read from, in µs. @default the clock on the wall */
  readonly nowUs?: () => number;
}

/** The time of one go in µs: every batch's, in the order of the rounds. */
export async function measure<Name extends string>(
  contenders: Contenders<Name>,
  options: MeasureOptions,
): Promise<Record<Name, number[]>> {
  const { rounds, times, warmUp = (rounds * times) / 4 } = options;
  const names = Object.keys(contenders) as Name[]; // its own keys alone
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -Math.ceil(warmUp / times); round < rounds; round += 1) {
    // Each leaves the caches to the next as it was done with them.
    for (const name of shuffled(names)) {
      const perGoUs = await batch(contenders[name], options);
      if (round >= 0) measured[name].push(perGoUs);
    }
  }
  return measured;
}

/**
 * The same for one way and the bare SDK's, in a process for the two: with more of them in it each would be compiled for all, since they
 * share most of their code; alone in a process each would have a heap of its own luck.
 *
 * @param module exports `contenders`, `bare` and `name` among them, which `given` is made known to
 */
export async function measureBeside(
  module: URL,
  name: string,
  given: object,
  options: RoundOptions,
): Promise<Record<'bare' | 'it', number[]>> {
  const path = fileURLToPath(new URL('./contender.ts', import.meta.url));
  const child = fork(path, [module.href, name, JSON.stringify(given)], { serialization: 'advanced' });
  // It has said why, and the others need not go on.
  child.once('exit', (code) => code && process.exit(code));
  child.send(options);
  const [measured] = await once(child, 'message');
  child.kill();
  return measured as Record<'bare' | 'it', number[]>; // as it was sent
}

function shuffled<T>(values: readonly T[]): readonly T[] {
  const drawn = values.map((value) => ({ value, at: Math.random() }));
  return drawn.toSorted((one, other) => one.at - other.at).map(({ value }) => value);
}

/** The time of one go in µs, over a batch of them. */
async function batch(
  go: () => Promise<unknown>,
  { times, concurrency = 1, nowUs = wallUs }: MeasureOptions,
): Promise<number> {
  let left = times;
  let toldUs: number | undefined;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const told = await go();
      if (typeof told === 'number') toldUs = (toldUs ?? 0) + told;
    }
  };
  const startedUs = nowUs();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (toldUs ?? nowUs() - startedUs) / times;
}

export const wallUs = (): number => performance.now() * 1_000;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The median of the differences, round by round: what the first adds to the second. */
export function medianDifference(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value - (base[round] ?? Number.NaN)));
}

/** The median of the ratios, round by round. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value / (base[round] ?? Number.NaN)));
}
