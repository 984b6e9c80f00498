/** The breakers and pauses of one upstream, one of each per model: trouble with one model leaves the others alone. */

import type { BreakerState } from '../domain/attempt.ts';
import type { Clock } from '../time/clock.ts';
import type { Breaker } from './breaker.ts';
import { Pause } from './pause.ts';

/** The state of one model of an upstream. */
export interface ModelState {
  /** The requested model; `undefined` is the default entry, for requests that name none. */
  readonly model: string | undefined;
  /** `undefined` where breakers are off, and for a model without a call so far. */
  readonly breaker: Breaker | undefined;
  /** Includes the pauses of the whole upstream. */
  readonly pause: Pause;
}

export interface ModelStatesInput {
  readonly clock: Clock;
  /** Builds the breaker of a model; `undefined` where breakers are off. */
  readonly createBreaker: ((model: string | undefined) => Breaker) | undefined;
  /** The most models with a state of their own. A new model replaces the one that was used least recently. @default 100 */
  readonly maxModels?: number | undefined;
}

interface Entry extends ModelState {
  /** Rises with each use. */
  usedAs: number;
}

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
    this.#unused = { model: undefined, breaker: undefined, pause: new Pause(input.clock, this.pause) };
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

  /** The state of a model, read only. A model without a call so far is closed, and paused only with its upstream. */
  peek(model: string | undefined): ModelState {
    return this.#entries.get(model) ?? this.#unused;
  }

  /** Stops counting. */
  close(): void {
    for (const { breaker } of this.#entries.values()) breaker?.close();
  }

  #add(model: string | undefined): Entry {
    const { clock, createBreaker } = this.#input;
    if (this.#entries.size >= this.#maxModels) this.#dropOldest();
    const entry = { model, breaker: createBreaker?.(model), pause: new Pause(clock, this.pause), usedAs: 0 };
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
