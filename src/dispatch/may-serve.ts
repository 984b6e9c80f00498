/** Whether chance alone decides that an upstream serves a call. */

import type { Call } from '../domain/call.ts';
import { unavailable, type PlanningState } from './plan-call.ts';

/**
 * Whether an upstream could be the first that a call is sent to now. A breaker that is not closed lets some calls pass and others not,
 * so it says no.
 */
export function mayServe(name: string, call: Call, body: unknown, state: PlanningState, nowMs: number): boolean {
  const { breaker } = state.upstreams.get(name) ?? {};
  if (breaker && breaker.state.state !== 'closed') return false;
  return unavailable(name, call, body, state, nowMs) === undefined;
}
