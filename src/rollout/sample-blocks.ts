/**
 * Blocks of samples: what the processes that do not lead a rollout have counted, for the one that does.
 *
 * A block has each distinct sample once, with its count. The leader counts them as it counts its own, so quantiles and
 * cuts are those of the whole fleet, and no cuts have to be shared. Values and shares are rounded to three significant
 * digits, on both sides alike, so that a block stays short and a rounded call is at most 0.5 % off.
 */

import type { Json } from '../domain/store.ts';
import type { Arm } from '../stats/arm.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import type { JudgedCalls } from './evidence.ts';
import type { CopyStatement } from './judged-copies.ts';

/** One statement about a call: the member of `JudgedCalls` that counts it, and what it is given. */
export type CountedSample =
  | readonly ['routed']
  | readonly ['assigned', arm: Arm]
  | readonly ['ended', arm: Arm, share: number, outcome: JudgedOutcome, wasOverdue: boolean]
  | readonly ['overdue', arm: Arm, share: number]
  | readonly ['unjudged', arm: Arm, isHeldBack: boolean]
  | readonly ['recorded', arm: Arm, share: number, values: Readonly<Record<string, number>>]
  | readonly ['copy', CopyStatement];

/** The rollout that a sample belongs to. */
export interface SampledRun {
  readonly revision: string;
  readonly run: number;
}

/** @param atMs when the sample ended, or when another process told of it */
export function countSample(calls: JudgedCalls, sample: CountedSample, atMs: number): void {
  switch (sample[0]) {
    case 'routed':
      calls.routed += 1;
      return undefined;
    case 'assigned':
      return calls.assigned(sample[1]);
    case 'ended':
      return calls.ended({ arm: sample[1], share: sample[2], outcome: sample[3], wasOverdue: sample[4], atMs });
    case 'overdue':
      return calls.overdue(sample[1], sample[2]);
    case 'unjudged':
      return calls.unjudged(sample[1], sample[2]);
    case 'recorded':
      return calls.recorded(sample[1], sample[2], sample[3]);
    case 'copy':
      return calls.copies.count(sample[1], atMs);
    default:
      return sample satisfies never;
  }
}

const VERSION = 1;

/** Counts a block, unless it belongs to another run, another revision or another release. */
export function countBlock(calls: JudgedCalls, message: Json, { revision, run }: SampledRun, nowMs: number): void {
  // `SampleBlock` wrote this. Another version may have another shape.
  const block = message as unknown as ReturnType<SampleBlock['toJSON']>;
  if (block.version !== VERSION || block.revision !== revision || block.run !== run) return;
  for (const [count, text] of block.samples) {
    const sample = JSON.parse(text, (_name, value: unknown) =>
      value === INFINITE ? Infinity : value,
    ) as CountedSample;
    for (let index = 0; index < count; index++) countSample(calls, sample, nowMs);
  }
}

const INFINITE = 'Infinity';

/** The samples of one run. They are kept as they are, and put together only if they are sent. */
export class SampleBlock {
  readonly of: SampledRun;
  readonly sequence: number;
  readonly #samples: CountedSample[] = [];

  constructor(of: SampledRun, sequence: number) {
    this.of = of;
    this.sequence = sequence;
  }

  get size(): number {
    return this.#samples.length;
  }

  add(sample: CountedSample): void {
    this.#samples.push(sample);
  }

  toJSON() {
    const counts = new Map<string, number>();
    for (const sample of this.#samples) {
      const text = JSON.stringify(sample, rounded);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    return { version: VERSION, ...this.of, samples: Array.from(counts, ([text, count]) => [count, text] as const) };
  }
}

/** JSON has no infinity. */
function rounded(_name: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return value === Infinity ? INFINITE : Number(value.toPrecision(DIGITS));
}

const DIGITS = 3;
const MAX_SAMPLES = 10_000;
/** The number of samples kept while the store is away, about 25 MB. */
const MAX_KEPT = 250_000;

/** The samples that wait for the store. */
export interface UnsentSamples {
  readonly samples: number;
  /** Samples dropped so far, oldest first, because too many waited. */
  readonly lost: number;
}

/** The samples of this process that are not in the store yet, in blocks with rising sequence numbers. */
export class OutgoingBlocks {
  #blocks: SampleBlock[] = [];
  #open: SampleBlock | undefined;
  #sequence = 0;
  #samples = 0;
  #lost = 0;

  get unsent(): UnsentSamples {
    return { samples: this.#samples, lost: this.#lost };
  }

  add(of: SampledRun, sample: CountedSample): void {
    const isOpen = this.#open?.of.run === of.run && this.#open.size < MAX_SAMPLES;
    if (!isOpen) this.#open = this.#begin(of);
    this.#open!.add(sample);
    this.#samples += 1;
  }

  /** Ends the open block, and returns the sequence number of the last block: of all samples up to now. */
  close(): number {
    this.#open = undefined;
    return this.#sequence;
  }

  /** The blocks that are not settled, oldest first: a copy, so that a block that begins while they are sent is not among them. */
  get blocks(): readonly SampleBlock[] {
    return [...this.#blocks];
  }

  /** Forgets the blocks up to a sequence number: the store has their samples. */
  settled(through: number): void {
    this.#blocks = this.#blocks.filter(({ sequence }) => sequence > through);
    this.#samples = this.#blocks.reduce((sum, { size }) => sum + size, 0);
  }

  #begin(of: SampledRun): SampleBlock {
    this.#sequence += 1;
    const block = new SampleBlock(of, this.#sequence);
    this.#blocks.push(block);
    const oldest = this.#samples > MAX_KEPT ? this.#blocks.shift() : undefined;
    this.#samples -= oldest?.size ?? 0;
    this.#lost += oldest?.size ?? 0;
    return block;
  }
}
