/** The API keys of one upstream, each with its own pauses: a key that is refused or limited is passed over for the next one. */

import type { Clock } from '../time/clock.ts';
import type { Failure } from './failure.ts';
import { type Keys, ModelStates } from './model-states.ts';
import { pauseMsAfter, type PauseKind } from './pause.ts';

export interface KeyPoolInput {
  readonly keys: readonly string[];
  readonly clock: Clock;
  /** Called when a key is refused while another may serve; `index` counts from 0. Must not throw. */
  readonly onPassedOver?: ((index: number, kind: PauseKind) => void) | undefined;
}

export class KeyPool implements Keys {
  readonly #input: KeyPoolInput;
  readonly #states: readonly ModelStates[];

  constructor(input: KeyPoolInput) {
    this.#input = input;
    this.#states = input.keys.map(() => new ModelStates({ clock: input.clock, createBreaker: undefined }));
  }

  /** In ms since the Unix epoch. */
  get nowMs(): number {
    return this.#input.clock.now();
  }

  /** A key for the `authorization` header. */
  secretAt(index: number): string {
    return this.#input.keys[index] ?? '';
  }

  /** Whether a key is paused for any model, so that the model of a request matters. */
  get hasPauses(): boolean {
    const nowMs = this.#input.clock.now();
    return this.#states.some(
      ({ all, pause }) => isPaused(pause, nowMs) || all.some((state) => isPaused(state.pause, nowMs)),
    );
  }

  /** Index of the first key that is not paused for a model, else of the one whose pause ends first. */
  best(model: string | undefined): number {
    const untils = this.#states.map((states) => this.#untilMs(states, model));
    return untils.indexOf(Math.min(...untils));
  }

  /** Index of the first key that is neither paused for a model nor in `tried`; `undefined` if there is none. */
  next(model: string | undefined, tried: readonly number[]): number | undefined {
    const index = this.#states.findIndex((states, each) => !tried.includes(each) && this.#untilMs(states, model) === 0);
    return index === -1 ? undefined : index;
  }

  /** Pauses a key after a refusal. Returns whether the refusal concerns the key. */
  refused(index: number, model: string | undefined, failure: Failure): boolean {
    const pauseMs = pauseMsAfter(failure);
    const kind = failure.kind as PauseKind;
    if (pauseMs === undefined) return false;
    this.#states[index]?.of(model).pause.pause(kind, pauseMs);
    this.#input.onPassedOver?.(index, kind);
    return true;
  }

  waitMs(model: string | undefined): number {
    const untilMs = Math.min(...this.#states.map((states) => this.#untilMs(states, model)));
    return Math.max(0, untilMs - this.#input.clock.now());
  }

  /** 0 for a key that is not paused. */
  #untilMs(states: ModelStates, model: string | undefined): number {
    return states.peek(model).pause.until(this.#input.clock.now()) ?? 0;
  }
}

function isPaused(pause: { until(nowMs: number): number | null }, nowMs: number): boolean {
  return pause.until(nowMs) !== null;
}
