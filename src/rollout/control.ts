/** The verbs on a rollout, for people and programs. */

import { checkKeys, checkNumber, checkOneOf, checkText } from '../domain/check.ts';
import type { RolloutDecision } from '../domain/rollout.ts';
import type { RolloutReport } from './report.ts';
import type { RolloutEvent } from './transition.ts';
import type { RolloutRunner } from './rollout-runner.ts';
import { ConfigError } from '../domain/errors.ts';

/**
 * The control of the rollout to `upstream`, or of the first.
 *
 * @throws ConfigError where there is none
 */
export function rolloutOf(controls: Readonly<Record<string, RolloutControl>>, upstream?: string): RolloutControl {
  const [first] = Object.values(controls);
  if (!first) throw new ConfigError('canary.rollout', 'should be set where a rollout is asked for');
  return upstream === undefined ? first : controls[checkOneOf('upstream', upstream, Object.keys(controls))]!;
}

/**
 * Moves one rollout by hand. A verb whose end holds already changes nothing; one that makes no sense in the phase throws a
 * `RolloutError`. With a `store` a decision is in force when it is written, a moment later; one that another process is in charge of is
 * left in the store for it.
 */
export class RolloutControl {
  readonly #runner: RolloutRunner;

  constructor(runner: RolloutRunner) {
    this.#runner = runner;
  }

  /** Where the rollout stands, on which evidence, what it waits for, and when it can move at the earliest. */
  get state(): RolloutReport {
    return this.#runner.report;
  }

  /** The latest decisions, oldest first, each with the numbers that it rests on: at most 100. */
  get history(): readonly RolloutDecision[] {
    return this.#runner.controller.history;
  }

  /**
   * Begins the next step, whatever it waits for; after the last one the canary is promoted.
   *
   * @param options.full promotes the canary at once
   */
  promote(options: { readonly full?: boolean | undefined } = {}): void {
    checkKeys('promote', options, ['full']);
    this.#ask({ verb: 'promote', full: options.full === true }, 'promoted by hand');
  }

  /** Begins no step until `resume()`. Traffic stays as it is, and the evidence may still roll the canary back. */
  pause(reason = 'paused by hand'): void {
    this.#ask({ verb: 'pause', reason: checkText('pause', reason, 'a reason'), by: 'user' }, reason);
  }

  resume(): void {
    this.#ask({ verb: 'resume' }, 'resumed by hand');
  }

  /** Takes the canary out of service: its keys return to where they were, and calls under way there end there. */
  rollback(reason = 'rolled back by hand'): void {
    this.#ask({ verb: 'rollback', reason: checkText('rollback', reason, 'a reason'), by: 'user' }, reason);
  }

  /** Begins again at the first step, without the evidence so far; after a rollback only. */
  retry(): void {
    this.#ask({ verb: 'retry' }, 'begun again by hand');
  }

  /** Goes back to the former stable; after a promotion only. */
  undo(): void {
    this.#ask({ verb: 'undo' }, 'the promotion was undone by hand');
  }

  /**
   * Another share of calls in place of the step's, until the next step begins.
   *
   * @param weight 0–1; no more than the rollout's greatest where others follow it in the list
   */
  setWeight(weight: number): void {
    const max = this.#runner.policy.reserve;
    this.#ask({ verb: 'setWeight', weight: checkNumber('weight', weight, { min: 0, max }) }, `weight set to ${weight}`);
  }

  #ask(event: RolloutEvent, reason: string): void {
    this.#runner.ask(event, reason);
  }
}
