/** Whether the same upstream is asked again, and when. */

import { backoffMs } from '../upstream/backoff.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canAdmit } from './admission.ts';
import type { CallRun } from './call-run.ts';

/** The wait before retry `retryIndex` (from 0), in ms; `undefined` where the upstream is not to be asked again. */
export function retryDelayMs(run: CallRun, upstream: Upstream, retryIndex: number): number | undefined {
  const { failure, parts } = run;
  const { policy, clock, random } = parts;
  if (!failure?.retrySame || failure.kind === undefined) return undefined;
  const nowMs = clock.now();
  const other = canAdmit(run.untried(failure.kind), parts.upstreams, nowMs);
  // The last attempt belongs to another upstream where there is one, and so does every call that is told to wait.
  if (run.attemptsLeft < (other ? 2 : 1)) return undefined;
  if (other && failure.kind === 'rateLimit') return undefined;
  if (other && (failure.retryAfterMs ?? 0) > policy.maxDelayMs) return undefined;
  if (upstream.breaker?.state.state === 'open') return undefined;
  const { minDelayMs, maxDelayMs } = policy;
  const delayMs = failure.retryAfterMs ?? backoffMs({ attempt: retryIndex, minDelayMs, maxDelayMs, random });
  if (delayMs >= run.remainingMs || !parts.retryBudget.withdraw()) return undefined;
  run.progress.retry({ upstream: upstream.name, kind: failure.kind, delayMs, atMs: nowMs });
  return delayMs;
}
