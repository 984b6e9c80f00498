/** Whether the same upstream is asked again, and when. */

import { backoffMs } from '../resilience/backoff.ts';
import type { Failure } from '../resilience/failure.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canAdmit } from './admission.ts';
import type { CallRun } from './call-state.ts';

/** An upstream that has just failed to serve a call. */
export interface FailedVisit {
  readonly run: CallRun;
  readonly upstream: Upstream;
  readonly failure: Failure | undefined;
}

/** The wait before retry `retryIndex` (from 0), in ms; `undefined` where the upstream is not to be asked again. */
export function retryDelayMs({ run, upstream, failure }: FailedVisit, retryIndex: number): number | undefined {
  const { parts } = run;
  const { policy, clock, random } = parts;
  if (!failure?.retrySame || failure.kind === undefined) return undefined;
  if (!run.affords(upstream.name)) return undefined;
  const nowMs = clock.now();
  const other = canAdmit(run.untried(failure.kind), run);
  // The last attempt belongs to another upstream where there is one, and so does every call that is told to wait.
  if (run.attemptsLeft < (other ? 2 : 1)) return undefined;
  if (other && failure.kind === 'rateLimit') return undefined;
  if (other && (failure.retryAfterMs ?? 0) > policy.maxDelayMs) return undefined;
  if (upstream.breaker?.state.state === 'open') return undefined;
  const { minDelayMs, maxDelayMs } = policy;
  const backOffMs = backoffMs({ attempt: retryIndex, minDelayMs, maxDelayMs, random });
  // An upstream that said "not now" without saying how long is paused all the same.
  const pausedMs = failure.kind === 'rateLimit' ? (upstream.pause.until(nowMs) ?? nowMs) - nowMs : 0;
  const delayMs = failure.retryAfterMs ?? Math.max(backOffMs, pausedMs);
  if (delayMs >= run.remainingMs || !parts.retryBudget.withdraw()) return undefined;
  run.progress.retry({ upstream: upstream.name, kind: failure.kind, delayMs, atMs: nowMs });
  return delayMs;
}
