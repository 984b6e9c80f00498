/** Answers a call with what is kept, and accounts for it. */

import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import type { CallPlan } from '../call/call-plan.ts';
import type { CallSource, DispatchParts } from '../call/call-services.ts';
import type { StoredAnswer } from './answer-store.ts';
import { cachedAttempt, cachedCall } from './cached-records.ts';
import { replay } from './replay.ts';

/** A call on its way through the cache. */
export interface AskedCall {
  readonly call: Call;
  readonly plan: CallPlan;
  readonly source: CallSource;
}

export function giveStored(stored: StoredAnswer, { call, plan, source }: AskedCall, parts: DispatchParts): Answer {
  const { clock, observer, upstreams, remember } = parts;
  const upstream = upstreams.get(stored.upstream);
  if (!upstream) throw new RangeError(`No upstream is called ${stored.upstream}.`);
  const nowMs = clock.now();
  const attempt = cachedAttempt(call, stored, nowMs);
  source.claim.account = { ledger: { callId: call.id, attempts: [attempt] } };
  observer.cached(attempt, cachedCall(call, plan.assigned, stored, nowMs), call);
  // Who made it is remembered for a limited number of ids only.
  if (stored.responseId !== undefined) remember(stored.responseId, stored.upstream);
  return replay(stored, source.connect(upstream).client, source.options, nowMs);
}
