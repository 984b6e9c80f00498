/** Expectations by enumeration: all short sequences of arms and outcomes, with their probabilities. */

import type { Arm } from '../../src/stats/arm.ts';

/** One call of a sequence. */
export interface Possibility {
  readonly arm: Arm;
  readonly value: number;
  readonly probability: number;
}

/** The law of one call of a sequence: its share and the current bad rates. */
export interface CallLaw {
  readonly share: number;
  readonly canaryRate: number;
  readonly stableRate: number;
}

/** The four possible ends of a call: good or bad, of either arm. */
export function endsOf({ share, canaryRate, stableRate }: CallLaw): readonly Possibility[] {
  return [
    { arm: 'canary', value: 1, probability: share * canaryRate },
    { arm: 'canary', value: 0, probability: share * (1 - canaryRate) },
    { arm: 'stable', value: 1, probability: (1 - share) * stableRate },
    { arm: 'stable', value: 0, probability: (1 - share) * (1 - stableRate) },
  ];
}

/** E[value(sequence)] over all sequences, one call by each of `laws`. */
export function expectation(
  laws: readonly CallLaw[],
  value: (sequence: readonly (Possibility & { readonly share: number })[]) => number,
): number {
  const visit = (index: number, sequence: readonly (Possibility & { readonly share: number })[]): number => {
    const law = laws[index];
    if (!law) return value(sequence);
    return endsOf(law).reduce(
      (sum, end) => sum + end.probability * visit(index + 1, [...sequence, { ...end, share: law.share }]),
      0,
    );
  };
  return visit(0, []);
}
