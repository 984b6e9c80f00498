/** The breakers and pauses of one upstream, one of each per model: trouble with one model leaves the others alone. */

import type { BreakerState } from '../domain/attempt.ts';
import type { Clock } from '../time/clock.ts';
import type { Breaker } from './breaker.ts';
import { asUpstreamsFault, type Failure } from './failure.ts';
import { Pause, pauseMsAfter } from './pause.ts';

/** The state of one model of an upstream. */
export interface ModelState {
  /** The requested model; `undefined` is the default entry, for requests that name none. */
  readonly model: string | undefined;
  /** `undefined` where breakers are off, and for a model without a call so far. */
  readonly breaker: Breaker | undefined;
  /** Includes the pauses of the whole upstream. */
  readonly pause: Pause;
  /**
   * What an attempt says about the upstream, given those before it: one `forbidden` may be about one prompt, but three of them without a
   * success between are the upstream's failure. To be called once for each attempt; `undefined` is a success.
   */
  judge(failure: Failure | undefined): Failure | undefined;
  /**
   * How long a refusal pauses the model or the upstream, in ms; `undefined` for a failure that pauses nothing. With several API keys, until
   * the first of them is free again.
   */
  pauseMsAfter(failure: Failure): number | undefined;
}

/** The API keys of an upstream that has several. */
export interface Keys {
  /** The time in ms until a key is free for a model; 0 if one is. */
  waitMs(model: string | undefined): number;
}

export interface ModelStatesInput {
  readonly clock: Clock;
  /** Builds the breaker of a model; `undefined` where breakers are off. */
  readonly createBreaker: ((model: string | undefined) => Breaker) | undefined;
  /** The most models with a state of their own. A new model replaces the one that was used least recently. @default 100 */
  readonly maxModels?: number | undefined;
  /** The keys of the upstream, if it has several. */
  readonly keys?: Keys | undefined;
}

class Entry implements ModelState {
  readonly model: string | undefined;
  readonly breaker: Breaker | undefined;
  readonly pause: Pause;
  /** Rises with each use. */
  usedAs = 0;
  readonly #keys: Keys | undefined;
  #forbiddenInARow = 0;

  constructor(model: string | undefined, breaker: Breaker | undefined, pause: Pause, keys: Keys | undefined) {
    this.model = model;
    this.breaker = breaker;
    this.pause = pause;
    this.#keys = keys;
  }

  judge(failure: Failure | undefined): Failure | undefined {
    if (!failure) this.#forbiddenInARow = 0;
    if (failure && this.#keys && pauseMsAfter(failure) !== undefined) {
      return { ...failure, retryAfterMs: this.pauseMsAfter(failure) };
    }
    if (failure?.kind !== 'forbidden') return failure;
    this.#forbiddenInARow += 1;
    return this.#forbiddenInARow >= MAX_FORBIDDEN ? asUpstreamsFault(failure) : failure;
  }

  pauseMsAfter(failure: Failure): number | undefined {
    const pauseMs = pauseMsAfter(failure);
    return pauseMs === undefined || !this.#keys ? pauseMs : Math.min(pauseMs, this.#keys.waitMs(this.model));
  }
}

/** From this many in a row on, a `forbidden` is the upstream's failure. */
const MAX_FORBIDDEN = 3;

export class ModelStates {
  /** Pauses of the whole upstream: its quota is used up, or its credentials are refused. */
  readonly pause: Pause;
  readonly #input: ModelStatesInput;
  readonly #maxModels: number;
  readonly #entries = new Map<string | undefined, Entry>();
  readonly #unused: ModelState;
  #uses = 0;

  constructor(input: ModelStatesInput) {
    this.#input = input;
    this.#maxModels = input.maxModels ?? MAX_MODELS;
    this.pause = new Pause(input.clock);
    this.#unused = new Entry(undefined, undefined, new Pause(input.clock, this.pause), undefined);
  }

  /** The models with a state, in the order of their first use. */
  get all(): readonly ModelState[] {
    return [...this.#entries.values()];
  }

  /** The state of a model that is about to be called. A new model gets one. */
  of(model: string | undefined): ModelState {
    const entry = this.#entries.get(model) ?? this.#add(model);
    entry.usedAs = this.#uses += 1;
    return entry;
  }

  /**
   * The state of a model, read only. A model without a call so far is closed, and paused only with its upstream. Without a model, the only
   * one in use is meant, if there is no default entry.
   */
  peek(model: string | undefined): ModelState {
    const known = this.#entries.get(model);
    if (known) return known;
    const [only] = model === undefined && this.#entries.size === 1 ? this.#entries.values() : [];
    return only ?? this.#unused;
  }

  /** Stops counting. */
  close(): void {
    for (const { breaker } of this.#entries.values()) breaker?.close();
  }

  #add(model: string | undefined): Entry {
    const { clock, createBreaker, keys } = this.#input;
    if (this.#entries.size >= this.#maxModels) this.#dropOldest();
    const entry = new Entry(model, createBreaker?.(model), new Pause(clock, this.pause), keys);
    this.#entries.set(model, entry);
    return entry;
  }

  #dropOldest(): void {
    let oldest: Entry | undefined;
    for (const entry of this.#entries.values()) if (!oldest || entry.usedAs < oldest.usedAs) oldest = entry;
    if (oldest) this.#entries.delete(oldest.model);
  }
}

const MAX_MODELS = 100;

/** The worst of some breakers' states: open until the latest time, else half-open, else closed. */
export function worstBreaker(states: readonly ModelState[]): BreakerState {
  let worst: BreakerState = CLOSED;
  for (const { breaker } of states) {
    if (breaker && badness(breaker.state) > badness(worst)) worst = breaker.state;
  }
  return worst;
}

const CLOSED: BreakerState = { state: 'closed' };

function badness(state: BreakerState): number {
  if (state.state === 'open') return state.untilMs;
  return state.state === 'halfOpen' ? 0 : -1;
}
