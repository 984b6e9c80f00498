/** The end of the demo: what was promised, and whether it happened. */

import type { CanaryClient } from '../../src/index.ts';
import { tableOf } from './table.ts';
import type { Tally } from './tally.ts';

/** Prints the table and the promises; `true` if all were kept. */
export function printVerdict(
  ai: CanaryClient,
  tally: Tally,
  received: { readonly stable: number; readonly canary: number },
): boolean {
  const { counts, openings, rollback } = tally;
  const weights: Readonly<Record<string, number>> = ai.canary.weights;
  const { total } = ai.canary.costs();
  const promises: readonly (readonly [kept: boolean, promise: string])[] = [
    [counts.lost === 0 && counts.served > 0, `no call was lost: ${counts.served} served, ${counts.lost} lost`],
    [openings.length > 0, `the breaker of the canary opened: ${openings.length} times`],
    [counts.fallbacks > 0, `stable took over: ${counts.fallbacks} fallbacks, ${counts.passedOver} of them at once`],
    [rollback?.upstream === 'deepseek', `the canary was rolled back: ${rollback?.reason ?? 'no'}`],
    [(weights.deepseek ?? 0) === 0, `its users went back to stable: weight ${weights.deepseek ?? 0}`],
    [
      counts.unfaithful === 0,
      `users kept their upstream: ${counts.moved} moved with the weights, ${counts.unfaithful} without`,
    ],
  ];
  console.log(['', ...tableOf(ai), ''].join('\n'));
  for (const [kept, promise] of promises) console.log(`${kept ? '✓' : '✗'} ${promise}`);
  console.log(
    `\n${total.attempts} attempts (${received.stable} reached stable, ${received.canary} the canary) cost $${total.costUsd.toFixed(4)},` +
      ` $${total.savingsUsd.toFixed(4)} less than on stable alone.`,
  );
  return promises.every(([kept]) => kept);
}
