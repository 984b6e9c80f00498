/** Measures several contenders in turns, so that a change in the speed of the machine affects all of them equally. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Contenders by name. A contender that resolves to a number has measured its own time, in µs. */
export type Contenders<Name extends string> = Readonly<Record<Name, () => Promise<unknown>>>;

export interface RoundOptions {
  /** The number of measured batches per contender. */
  readonly rounds: number;
  /** The number of runs per batch. */
  readonly times: number;
  /** The number of concurrent runs. @default 1 */
  readonly concurrency?: number;
  /**
   * Unmeasured runs of each contender at the start. V8 finishes compiling the code of a call after 10,000 to 15,000 calls. Until
   * then each call takes longer, the more so the more code it runs. @default a quarter of the measured runs
   */
  readonly warmUp?: number;
}

export interface MeasureOptions extends RoundOptions {
  /** The time source, in µs. @default wall-clock time */
  readonly nowUs?: () => number;
}

/** Measures each contender. Resolves to the time per run in µs, one value per round. */
export async function measure<Name extends string>(
  contenders: Contenders<Name>,
  options: MeasureOptions,
): Promise<Record<Name, number[]>> {
  const { rounds, times, warmUp = (rounds * times) / 4 } = options;
  const names = Object.keys(contenders) as Name[]; // an object literal has no other keys
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -Math.ceil(warmUp / times); round < rounds; round += 1) {
    // In random order, because each contender leaves the CPU caches in its own state to the next one.
    for (const name of shuffled(names)) {
      const perGoUs = await batch(contenders[name], options);
      if (round >= 0) measured[name].push(perGoUs);
    }
  }
  return measured;
}

/**
 * Measures one contender and the bare SDK in a child process. With more contenders in one process, V8 would compile their shared
 * code for all of them. With a process each, the two would differ by the layout of their heaps.
 *
 * @param module exports `contenders`, which include `bare` and `name`
 * @param given the options of both contenders
 */
export async function measureBeside(
  module: URL,
  name: string,
  given: object,
  options: RoundOptions,
): Promise<Record<'bare' | 'it', number[]>> {
  const path = fileURLToPath(new URL('./contender.ts', import.meta.url));
  const child = fork(path, [module.href, name, JSON.stringify(given)], { serialization: 'advanced' });
  // The child has printed its error; the rest of the benchmark is cancelled.
  child.once('exit', (code) => code && process.exit(code));
  child.send(options);
  const [measured] = await once(child, 'message');
  child.kill();
  return measured as Record<'bare' | 'it', number[]>; // the type that contender.ts sends
}

function shuffled<T>(values: readonly T[]): readonly T[] {
  const drawn = values.map((value) => ({ value, at: Math.random() }));
  return drawn.toSorted((one, other) => one.at - other.at).map(({ value }) => value);
}

/** The mean time per run of one batch, in µs. */
async function batch(
  run: () => Promise<unknown>,
  { times, concurrency = 1, nowUs = wallUs }: MeasureOptions,
): Promise<number> {
  let left = times;
  let measuredUs: number | undefined;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const ownUs = await run();
      if (typeof ownUs === 'number') measuredUs = (measuredUs ?? 0) + ownUs;
    }
  };
  const startedUs = nowUs();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (measuredUs ?? nowUs() - startedUs) / times;
}

export const wallUs = (): number => performance.now() * 1_000;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The median over the rounds of the difference between `values` and `base`. */
export function medianDifference(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value - (base[round] ?? Number.NaN)));
}

/** The median over the rounds of the ratio of `values` to `base`. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value / (base[round] ?? Number.NaN)));
}
