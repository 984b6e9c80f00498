/** A shadow step that raises its own share: `{ shadow: { from, to } }`. */

import type { RolloutState, RolloutStep, Underway } from '../domain/rollout.ts';
import { threeDigits } from '../domain/format.ts';
import type { JudgedCopies } from './judged-copies.ts';

/** Judged copies at a share before the next one. */
const COPIES_PER_SHARE = 30;
/** Above this evidence for a rollback the share stands still, and from `SUSPICIOUS` on it falls back, 0–1. */
const CALM = 0.25;
const SUSPICIOUS = 0.5;

/**
 * The state with the share of calls to copy from now on; the same object if that does not change. The share doubles up to `to` after each 30
 * copies, stands still while the evidence against the canary grows, and falls back to `from` when that reaches half of what a rollback needs, or
 * when the canary is out of service.
 *
 * @param outOfService what speaks against the canary being in service
 */
export function withNextShare(
  state: RolloutState,
  steps: readonly RolloutStep[],
  { analysis, sinceChange }: Pick<JudgedCopies, 'analysis' | 'sinceChange'>,
  outOfService: () => string | undefined,
): RolloutState {
  const step = state.phase === 'progressing' ? steps[state.step] : undefined;
  if (state.phase !== 'progressing' || step?.kind !== 'shadow' || step.to === undefined) return state;
  const { share: from, to } = step;
  const { shadowShare = from } = state;
  const { evidence } = analysis.rollback;
  const isBad = evidence >= SUSPICIOUS || outOfService() !== undefined;
  if (!isBad && (evidence >= CALM || sinceChange < COPIES_PER_SHARE)) return state;
  const next = isBad ? from : Math.min(to, shadowShare * 2);
  return next === shadowShare ? state : { ...state, shadowShare: next };
}

/** The step ends at the largest share: that is the load which the user wants to see carried. */
export function waitForShare(
  step: RolloutStep,
  { shadowShare }: Pick<Underway, 'shadowShare'>,
): { readonly for: 'share'; readonly message: string }[] {
  if (step.kind !== 'shadow' || step.to === undefined) return [];
  const share = shadowShare ?? step.share;
  if (share >= step.to) return [];
  return [{ for: 'share', message: `the shadow is at ${threeDigits(share)} of ${step.to} of the calls` }];
}
