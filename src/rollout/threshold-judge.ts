/** Thresholds in place of evidence: each guardrail compares two numbers of the step. */

import type { GuardrailEvidence, GuardOptions, JudgedCall, Progress } from '../stats/analysis-types.ts';
import type { Verdict } from '../stats/guardrail.ts';
import { ThresholdGuard, type ThresholdGuardState } from './threshold-guard.ts';

/** Plain data, for a store. */
export interface ThresholdState {
  readonly minCalls: number;
  readonly guards: Readonly<Record<string, ThresholdGuardState>>;
}

/**
 * What most deployment tools do: beyond stable by more than the margin, or beyond the limit, is a rollback; anything else is a pass.
 * It knows no chance: of healthy canaries it rolls back many, the more the longer they are looked at, and a doubled error rate may well be within
 * its margin. Evidence is 0 or 1.
 */
export class ThresholdAnalysis {
  readonly #options: Readonly<Record<string, GuardOptions>>;
  #minCalls: number;
  #guards: readonly ThresholdGuard[];

  /** @param minCalls canary calls before anything is decided */
  constructor(guardrails: Readonly<Record<string, GuardOptions>>, minCalls: number) {
    this.#options = guardrails;
    this.#minCalls = minCalls;
    this.#guards = this.#freshGuards();
  }

  get verdict(): Verdict {
    const held = this.#guards.map((guard) => guard.holds(this.#minCalls));
    if (held.includes(false)) return 'fail';
    return held.includes(undefined) ? 'inconclusive' : 'pass';
  }

  get rollback(): Progress {
    const broken = this.#guards.find((guard) => guard.holds(this.#minCalls) === false);
    return { evidence: broken ? 1 : 0, guardrail: (broken ?? this.#guards[0]!).name };
  }

  get guardrails(): readonly GuardrailEvidence[] {
    return this.#guards.map((guard) => {
      const holds = guard.holds(this.#minCalls);
      const { name: guardrail, sides } = guard;
      return { guardrail, rollback: holds === false ? 1 : 0, promotion: holds === true ? 1 : 0, sides };
    });
  }

  observe({ arm, values }: JudgedCall): void {
    for (const guard of this.#guards) {
      const value = values[guard.name];
      if (value !== undefined) guard.observe(arm === 'canary', value);
    }
  }

  /** Each step is judged by its own calls alone. */
  startStep({ minCalls }: { readonly minCalls: number }): void {
    this.#minCalls = minCalls;
    this.#guards = this.#freshGuards();
  }

  toJSON(): ThresholdState {
    const guards = Object.fromEntries(this.#guards.map((guard) => [guard.name, guard.toJSON()]));
    return { minCalls: this.#minCalls, guards };
  }

  restore({ minCalls, guards }: ThresholdState): void {
    this.#minCalls = minCalls;
    for (const guard of this.#guards) guard.restore(guards[guard.name]!);
  }

  #freshGuards(): readonly ThresholdGuard[] {
    return Object.entries(this.#options).map(([name, options]) => new ThresholdGuard(name, options));
  }
}
