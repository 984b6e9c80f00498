/** `client.canary.rollout`: the state of a rollout and the verbs that move it. */

import { checkKeys, checkNumber, checkOneOf, checkText } from '../domain/check.ts';
import type { RolloutDecision } from '../domain/rollout.ts';
import type { RolloutReport } from './report.ts';
import { checkEarlierWeight } from './command.ts';
import { stepAt, type RolloutEvent } from './transition.ts';
import type { RolloutRunner } from './rollout-runner.ts';
import { ConfigError } from '../domain/errors.ts';

/**
 * The control of the rollout to `upstream`; without a name that of the first.
 *
 * @throws ConfigError if there is no such rollout
 */
export function rolloutOf(controls: Readonly<Record<string, RolloutControl>>, upstream?: string): RolloutControl {
  const [first] = Object.values(controls);
  if (!first) throw new ConfigError('canary.rollout', 'should be set before a rollout is used');
  return upstream === undefined ? first : controls[checkOneOf('upstream', upstream, Object.keys(controls))]!;
}

/**
 * Moves one rollout by hand. A verb changes nothing if the rollout is already in the state it leads to. A verb that is not possible in
 * the phase throws a `RolloutError`. With a `store` a decision takes effect once it is written, a moment later. If another process
 * leads the rollout, the verb is left in the store as a command for that process.
 */
export class RolloutControl {
  readonly #runner: RolloutRunner;

  constructor(runner: RolloutRunner) {
    this.#runner = runner;
  }

  /** The phase and step, the evidence, what the rollout waits for, and the earliest time of its next move. */
  get state(): RolloutReport {
    return this.#runner.report;
  }

  /** The latest 100 decisions, oldest first, each with the numbers it is based on. */
  get history(): readonly RolloutDecision[] {
    return this.#runner.controller.history;
  }

  /**
   * Starts the next step without waiting any longer. After the last step the canary is promoted.
   *
   * @param options.full promotes the canary at once
   */
  promote(options: { readonly full?: boolean | undefined } = {}): void {
    checkKeys('promote', options, ['full']);
    this.#ask({ verb: 'promote', full: options.full === true }, 'promoted manually');
  }

  /** Starts no further step until `resume()`. Traffic stays as it is, and the evidence may still roll the canary back. */
  pause(reason = 'paused manually'): void {
    this.#ask({ verb: 'pause', reason: checkText('pause', reason, 'a reason'), by: 'user' }, reason);
  }

  resume(): void {
    this.#ask({ verb: 'resume' }, 'resumed manually');
  }

  /**
   * Takes the canary out of service: it gets no calls of weights, segments, tasks or fallbacks. Its keys return to their former upstreams;
   * calls in flight finish on the canary.
   *
   * With `to` the rollout goes back to an earlier weight instead: the step of that weight begins again, with its hold and its proof. The
   * event is `step`. A paused rollout stays paused, and a promoted one goes on from there.
   *
   * @param how a reason, or an object with a reason and the earlier weight `to`, above 0 and at most the weight in force
   */
  rollback(how: string | { readonly to?: number | undefined; readonly reason?: string | undefined } = {}): void {
    const { to, reason: given } = typeof how === 'string' ? { to: undefined, reason: how } : how;
    if (typeof how !== 'string') checkKeys('rollback', how, ['to', 'reason']);
    const { steps, reserve } = this.#runner.policy;
    const back = to === undefined ? {} : { to: checkEarlierWeight(to, reserve), step: stepAt(steps, to) };
    const reason = given ?? (to === undefined ? 'rolled back manually' : `set back to a weight of ${to} manually`);
    this.#ask({ verb: 'rollback', reason: checkText('rollback', reason, 'a reason'), by: 'user', ...back }, reason);
  }

  /** Starts again at the first step, without the evidence so far. Possible only after a rollback. */
  retry(): void {
    this.#ask({ verb: 'retry' }, 'restarted manually');
  }

  /** Returns to the former stable. Possible only after a promotion. */
  undo(): void {
    this.#ask({ verb: 'undo' }, 'promotion undone manually');
  }

  /**
   * Replaces the share of calls of this step, until the next step starts.
   *
   * @param weight 0–1. If other rollouts follow in the list, at most the largest weight of this rollout's steps.
   */
  setWeight(weight: number): void {
    const max = this.#runner.policy.reserve;
    this.#ask({ verb: 'setWeight', weight: checkNumber('weight', weight, { min: 0, max }) }, `weight set to ${weight}`);
  }

  #ask(event: RolloutEvent, reason: string): void {
    this.#runner.ask(event, reason);
  }
}
