/** Whether chance alone decides that an upstream serves a call. */

import type { Call } from '../domain/call.ts';
import type { CallPlan } from './call-plan.ts';
import { unavailable, type PlanningState } from './plan-call.ts';

/**
 * Whether an upstream could be the first that a call is sent to now. A breaker that is not closed lets some calls pass and others not,
 * so it says no.
 */
export function mayServe(name: string, call: Call, body: unknown, state: PlanningState, nowMs: number): boolean {
  return isClosed(name, state) && unavailable(name, call, body, state, nowMs) === undefined;
}

/** The same of the upstream that a call is planned for; a call may have waited since. */
export function mayServePlanned(
  plan: CallPlan,
  call: Call,
  body: unknown,
  state: PlanningState,
  nowMs: number,
): boolean {
  if (plan.atMs !== nowMs) return mayServe(plan.assigned, call, body, state, nowMs);
  return plan.refusal === undefined && isClosed(plan.assigned, state);
}

function isClosed(name: string, { upstreams }: PlanningState): boolean {
  const breaker = upstreams.get(name)?.breaker;
  return breaker === undefined || breaker.state.state === 'closed';
}
