/** Shares through the store what changes at run time: the table of the split, what is rolled back, segments and routes of tasks. */

import type { Ranges, Segment, Weights } from '../domain/call.ts';
import { canonicalJson, type Fields, isRecord } from '../domain/json.ts';
import { DISABLED_KEY, type Json, listenTo, type Store } from '../domain/store.ts';
import type { KillSwitch } from '../routing/kill-switch.ts';
import { resolveSegments, type SegmentOptions } from '../routing/resolve-split.ts';
import { resolveRoutes, type TaskRoutes } from '../routing/tasks.ts';
import type { Traffic, TrafficPart } from '../routing/traffic.ts';
import type { Clock } from '../time/clock.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import { withTimeout } from '../time/wait.ts';

/** The time between two looks at the store. */
const POLL_MS = 2_000;
/** An operation of the store that takes longer has failed. */
const STORE_TIMEOUT_MS = 10_000;

export interface SharedRoutingInput {
  readonly traffic: Traffic;
  readonly store: Store;
  /** All upstreams. What names others comes from another configuration. */
  readonly names: readonly string[];
  /** What the options say. */
  readonly weights: Weights;
  readonly segments: readonly Segment[];
  readonly taskRoutes: TaskRoutes;
  readonly clock: Clock;
  readonly killSwitch: KillSwitch;
  readonly warn: (error: unknown) => void;
}

/** One part, under a key of its own. `options` is what the options of the process that wrote it say of the part. */
interface Part {
  readonly key: TrafficPart;
  readonly options: string;
  readonly current: () => Fields;
  /**
   * Takes what is stored.
   *
   * @param isSame the process that wrote it has the same options
   * @returns `false` for something that is not of this configuration
   */
  readonly take: (stored: Fields, isSame: boolean) => boolean;
  /** The options of this process are newer than the stored value. */
  readonly renew?: () => void;
}

/**
 * Nothing is stored before something changes at run time. A process that starts takes what is stored. If its options are not those that
 * the stored value began with, they are newer. Other weights change the stored table, so that as few keys as possible move; other segments
 * or tasks replace the stored ones.
 */
export class SharedRouting {
  readonly #input: SharedRoutingInput;
  readonly #parts: readonly Part[];
  /** By part, the stored text that this process has read or written last. */
  readonly #known = new Map<TrafficPart, string>();
  /** Parts that this process has changed, and that the store does not have yet. */
  readonly #unwritten = new Set<TrafficPart>();
  /** Writes and reads, one after another. */
  #last: Promise<void>;
  readonly #ticker: Ticker;
  readonly #stopListening: () => void;
  /** A look at the store has not begun yet. */
  #looks = false;

  constructor(input: SharedRoutingInput) {
    const { clock, traffic } = input;
    this.#input = input;
    this.#parts = [splitOf(input), segmentsOf(input), tasksOf(input)];
    traffic.onPart((changed) => {
      this.#unwritten.add(changed);
      this.#enqueue((part) => this.#write(part));
    });
    this.#last = Promise.resolve();
    this.#enqueue((part) => this.#start(part));
    this.#ticker = startTicker(clock, POLL_MS, this, (shared) => shared.#look());
    this.#stopListening = listenTo(input.store, this, (shared, key) => {
      if (key === DISABLED_KEY || shared.#parts.some((part) => part.key === key)) shared.#look();
    });
  }

  /** Stops looking at the store, and resolves when all changes are written. */
  async close(): Promise<void> {
    this.#ticker.stop();
    this.#stopListening();
    await this.#last;
  }

  /** While the store does not answer, one look waits. */
  #look(): void {
    if (this.#looks) return;
    this.#looks = true;
    this.#enqueue((part) => {
      this.#looks = false;
      return this.#poll(part);
    });
  }

  #enqueue(work: (part: Part) => Promise<void>): void {
    this.#last = this.#afterLast(work);
  }

  async #afterLast(work: (part: Part) => Promise<void>): Promise<void> {
    await this.#last;
    const all = [...this.#parts.map((part) => work(part)), this.#readKillSwitch()];
    const { clock, warn } = this.#input;
    await Promise.all(all.map((done) => withTimeout(done, STORE_TIMEOUT_MS, clock).catch(warn)));
  }

  /** A switch that was on stays on when the store has lost its values. */
  async #readKillSwitch(): Promise<void> {
    const { store, killSwitch, clock } = this.#input;
    const value = await store.read(DISABLED_KEY);
    if (typeof value === 'boolean') killSwitch.switchInStore(value, clock.now());
    if (value === undefined && killSwitch.isOnInStore) await store.write(DISABLED_KEY, true, 0);
  }

  async #start(part: Part): Promise<void> {
    const stored = await this.#read(part);
    // What was changed meanwhile is newer.
    if (!stored || this.#unwritten.has(part.key)) return;
    const isSame = stored['options'] === part.options;
    if (part.take(stored, isSame) && !isSame) part.renew?.();
  }

  async #poll(part: Part): Promise<void> {
    if (this.#unwritten.has(part.key)) return this.#write(part);
    const stored = await this.#read(part);
    if (stored) part.take(stored, stored['options'] === part.options);
    else await this.#write(part);
  }

  /** The stored value; `undefined` if it is known already. */
  async #read({ key }: Part): Promise<Fields | undefined> {
    const value = await this.#input.store.read(key);
    // The store has lost its values: it gets the last known one.
    if (value === undefined && this.#known.has(key)) this.#unwritten.add(key);
    const text = canonicalJson(value);
    if (value === undefined || text === this.#known.get(key)) return undefined;
    this.#known.set(key, text);
    return isRecord(value) && typeof value['options'] === 'string' ? value : undefined;
  }

  async #write({ key, current, options }: Part): Promise<void> {
    if (!this.#unwritten.has(key)) return;
    const value = { ...current(), options } as unknown as Json;
    this.#unwritten.delete(key);
    try {
      await this.#input.store.write(key, value, 0);
    } catch (error) {
      this.#unwritten.add(key);
      throw error;
    }
    this.#known.set(key, canonicalJson(value));
  }
}

/** `stable` is the upstream in service of the process that wrote the table. */
function splitOf({ traffic, names, weights, clock }: SharedRoutingInput): Part {
  return {
    key: 'split',
    options: canonicalJson(weights),
    current: () => ({ ranges: traffic.ranges, stable: traffic.stable, out: traffic.out }),
    take: ({ ranges, stable, out = [] }) => {
      if (!isOneOf(stable, names) || !isRanges(ranges, names) || !isListOf(out, names)) return false;
      traffic.setTable(ranges, stable, out);
      return true;
    },
    renew: () => void traffic.setWeights(weights, clock.now()),
  };
}

function segmentsOf({ traffic, names, segments }: SharedRoutingInput): Part {
  return {
    key: 'segments',
    options: canonicalJson(segments),
    current: () => ({ segments: traffic.rules.segments }),
    take: (stored, isSame) => {
      // The check throws for anything else.
      if (isSame)
        traffic.takeRules({
          segments: resolveSegments('segments', stored['segments'] as readonly SegmentOptions[], names),
        });
      return isSame;
    },
  };
}

function tasksOf({ traffic, names, taskRoutes }: SharedRoutingInput): Part {
  return {
    key: 'tasks',
    options: canonicalJson(Object.fromEntries(taskRoutes)),
    current: () => ({ routes: Object.fromEntries(traffic.rules.taskRoutes) }),
    take: (stored, isSame) => {
      if (isSame)
        traffic.takeRules({ taskRoutes: resolveRoutes('tasks', stored['routes'] as Record<string, string[]>, names) });
      return isSame;
    },
  };
}

function isOneOf(value: unknown, names: readonly string[]): value is string {
  return typeof value === 'string' && names.includes(value);
}

function isListOf(value: unknown, names: readonly string[]): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => isOneOf(name, names));
}

function isRanges(ranges: unknown, names: readonly string[]): ranges is Ranges {
  if (!Array.isArray(ranges)) return false;
  let start = 0;
  for (const range of ranges as readonly unknown[]) {
    const [end, upstream] = Array.isArray(range) ? (range as readonly unknown[]) : [];
    if (typeof end !== 'number' || !(end > start) || !isOneOf(upstream, names)) return false;
    start = end;
  }
  return start === 1;
}
