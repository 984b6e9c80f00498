/** Whether and when an upstream that has failed is tried again for the same call. */

import type { Failure } from '../resilience/failure.ts';
import type { ModelState } from '../resilience/model-states.ts';
import { backoffMs } from '../resilience/retry.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canAdmit } from './admission.ts';
import type { CallState } from './call-state.ts';

/** An upstream whose last attempt has ended. */
interface Failed {
  readonly state: CallState;
  readonly upstream: Upstream;
  readonly model: ModelState;
  readonly failure: Failure | undefined;
}

/** A paused upstream is retried only if no other upstream can serve the call. */
export function shouldLeaveAlone({ state, model, failure }: Failed): boolean {
  const nowMs = state.services.clock.now();
  if (failure === undefined || model.pause.until(nowMs) === null) return false;
  return canAdmit(state.untriedAfter(failure), state);
}

/**
 * The wait before retry `retryIndex` (from 0), in ms; `undefined` if the upstream is not retried. Where another upstream can serve, there is
 * one retry at most, and each of the others keeps an attempt. Where none can, the SDK's rules hold: neither breaker nor retry budget refuses.
 */
export function retryDelayMs({ state, upstream, model, failure }: Failed, retryIndex: number): number | undefined {
  if (failure?.kind === undefined || !state.affords(upstream.name)) return undefined;
  if (state.recorder.startedOn(upstream.name) > state.maxRetriesOn(upstream)) return undefined;
  const { policy, clock, random, retryBudget } = state.services;
  const { minDelayMs, maxDelayMs, maxRetryAfterMs } = policy;
  const others = state.untriedAfter(failure);
  const isAlone = !canAdmit(others, state);
  // A model that gave a useless answer twice gives it again.
  const maxRetries = isAlone && failure.rejection === undefined ? Infinity : 1;
  if (!(isAlone ? failure.retryAlone : failure.retrySame) || retryIndex >= maxRetries) return undefined;
  if (state.attemptsLeft < (isAlone ? 1 : others.length + 1)) return undefined;
  const askedMs = failure.retryAfterMs ?? 0;
  if (askedMs > (isAlone ? maxRetryAfterMs : maxDelayMs)) return undefined;
  if (!isAlone && model.breaker?.state.state === 'open') return undefined;
  const delayMs = failure.retryAfterMs ?? backoffMs({ attempt: retryIndex, minDelayMs, maxDelayMs, random });
  if (delayMs >= state.remainingMs || !(isAlone || retryBudget.withdraw())) return undefined;
  state.recorder.retry({ upstream: upstream.name, kind: failure.kind, delayMs, atMs: clock.now() });
  return delayMs;
}

/**
 * The wait in ms before stable is asked again, after another upstream could not serve the call either; `undefined` if it is not. The SDK alone
 * would not have left stable: its retries that are left are made now.
 */
export function returnDelayMs(state: CallState): number | undefined {
  const { ofStable, services, recorder, remainingMs } = state;
  const stable = services.upstreams.get(services.stable);
  if (!stable || !ofStable?.failure.retryAlone || ofStable.failure.rejection !== undefined) return undefined;
  if (recorder.startedOn(stable.name) > state.maxRetriesOn(stable)) return undefined;
  const { policy, clock, random } = services;
  const { minDelayMs, maxDelayMs, maxRetryAfterMs } = policy;
  const askedMs = ofStable.failure.retryAfterMs;
  if ((askedMs ?? 0) > maxRetryAfterMs) return undefined;
  const attempt = recorder.startedOn(stable.name) - 1;
  const delayMs = askedMs ?? backoffMs({ attempt, minDelayMs, maxDelayMs, random });
  const leftMs = Math.max(0, ofStable.atMs + delayMs - clock.now());
  return leftMs < remainingMs ? leftMs : undefined;
}
