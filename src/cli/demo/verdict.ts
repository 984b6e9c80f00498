/** The end of the demo: its promises, and whether they were kept. */

import type { CanaryClient } from '../../index.ts';
import { percent } from '../../domain/format.ts';
import { table } from '../format.ts';
import type { Terminal } from '../terminal.ts';
import { upstreamTable } from '../upstream-table.ts';
import { figureOf } from './panel.ts';
import type { Tally } from './tally.ts';

/** Prints the evidence, the table and the promises; `true` if all were kept. */
export function printVerdict(
  ai: CanaryClient,
  tally: Tally,
  { out }: Terminal,
  received: { readonly stable: number; readonly canary: number },
): boolean {
  const promises = promisesOf(ai, tally);
  for (const line of ['', ...evidenceOf(tally), '', ...upstreamTable(ai), '']) out(line);
  for (const [kept, promise] of promises) out(`${kept ? '✓' : '✗'} ${promise}`);
  const { total } = ai.canary.costs();
  const saved = total.savingsUsd >= 0 ? 'less' : 'more';
  out(
    `\n${total.attempts} attempts (${received.stable} reached stable, ${received.canary} the canary) cost $${total.costUsd.toFixed(2)},` +
      ` $${Math.abs(total.savingsUsd).toFixed(2)} ${saved} than on stable alone.`,
  );
  return promises.every(([kept]) => kept);
}

function promisesOf(ai: CanaryClient, { counts, rises, rollback, caughtAfterMs }: Tally) {
  const weights: Readonly<Record<string, number>> = ai.canary.weights;
  const caught =
    caughtAfterMs === undefined ? 'never' : `${(caughtAfterMs / 1_000).toFixed(1)} s after it began to fail`;
  const exposed = `${rollback?.callsExposed ?? 0} calls went to it, ${rollback?.callsFailed ?? 0} failed`;
  return [
    [counts.lost === 0 && counts.served > 0, `no call was lost: ${counts.served} served, ${counts.lost} lost`],
    [rises.length > 1, `the canary advanced on evidence: ${rises.map((share) => percent(share)).join(', ')}`],
    [
      rollback !== undefined && caughtAfterMs !== undefined,
      `it was rolled back ${caught}: ${rollback?.reason ?? 'no evidence'}`,
    ],
    [
      (rollback?.callsFailed ?? 0) > 0 && counts.retries + counts.fallbacks > 0,
      `${exposed}, and no caller noticed: ${counts.retries} retries, ${counts.fallbacks} fallbacks to stable`,
    ],
    [(weights.deepseek ?? 0) === 0, `its users went back to stable: weight ${weights.deepseek ?? 0}`],
    [
      counts.unfaithful === 0,
      `users kept their upstream: ${counts.moved} moved with the weights, ${counts.unfaithful} without`,
    ],
  ] as const;
}

/** The numbers of both sides at the time of the rollback. */
function evidenceOf({ rollback }: Tally): string[] {
  if (!rollback) return ['There was no rollback on evidence.'];
  const { guardrails, stable, canary } = rollback;
  const rows = guardrails.map(({ guardrail, rollback: worse }) => [
    guardrail,
    worse.toFixed(2),
    figureOf(guardrail, stable),
    figureOf(guardrail, canary),
  ]);
  return table(
    ['at the rollback', 'evidence', `stable (${stable.calls} calls)`, `canary (${canary.calls} calls)`],
    rows,
    ['at the rollback'],
  );
}
