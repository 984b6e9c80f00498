/** Decides which upstreams serve a call, in which order, and why. */

import type { Call, Plan, Ranges, Segment, SkipReason } from '../domain/call.ts';
import { checkOneOf } from '../domain/check.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Affinity } from '../routing/affinity.ts';
import type { RolloutSplit } from '../routing/rollout-split.ts';
import { matchSegment } from '../routing/segment.ts';
import { chooseUpstream } from '../routing/split.ts';
import type { TaskRoutes } from '../routing/tasks.ts';
import { downUntilMs, stateFor } from '../upstream/upstream.ts';
import { CallPlan, type Choice, type Others } from './call-plan.ts';
import type { CallServices } from './call-services.ts';
import { ineligibleReason, servesModel } from './eligibility.ts';

/** What calls are planned from. `stable` is the upstream in service now: a promotion changes it. */
export interface PlanInputs extends CallServices {
  /** The upstream that requests of one account stay on: the client itself, or stable where the client has no credentials. */
  readonly home: string;
  readonly ranges: Ranges;
  /** Whether the kill switch sends every call to stable now. */
  readonly isDisabled: (nowMs: number) => boolean;
  /** The shares of running rollouts. They are drawn before the split. */
  readonly rolloutSplit: RolloutSplit | undefined;
  readonly segments: readonly Segment[];
  readonly affinity: Affinity;
  /** The bucket of a key, in [0, 1). */
  readonly bucketOf: (key: string) => number;
}

type Skipped = Plan['skipped'][number];

/** `body` is read only for a call with `maxCostUsd`, to estimate its cost. */
export function planCall(call: Call, body: unknown, inputs: PlanInputs, nowMs: number): CallPlan {
  const choice = chooseFirst(call, inputs, nowMs);
  const refusal = skipReasonOf(choice.assigned, call, body, inputs, nowMs);
  return new CallPlan(choice, refusal, nowMs, (atMs) => findOthers(call, body, inputs, { choice, nowMs: atMs }));
}

/**
 * Whether `name` could be the first upstream of a call now. A breaker that is not closed admits some calls and refuses others, so the
 * answer is no.
 */
export function mayServe(name: string, call: Call, body: unknown, inputs: PlanInputs, nowMs: number): boolean {
  return isClosed(name, call, inputs) && skipReasonOf(name, call, body, inputs, nowMs) === undefined;
}

/** Like `mayServe`, for the assigned upstream of `plan`. The state is read again if the call has waited since it was planned. */
export function mayServePlanned(plan: CallPlan, call: Call, body: unknown, inputs: PlanInputs, nowMs: number): boolean {
  if (plan.atMs !== nowMs) return mayServe(plan.assigned, call, body, inputs, nowMs);
  return plan.refusal === undefined && isClosed(plan.assigned, call, inputs);
}

/** The upstreams of a call's task in order, if it has a task with a route. */
export function routeOfTask({ task }: Call, routes: TaskRoutes | undefined): readonly string[] | undefined {
  return task === undefined ? undefined : routes?.get(task);
}

/**
 * The order of precedence: kill switch (except for calls that only the owner of an id can serve), forced upstream, upstream of a tool run,
 * owner of an id, segments, route of the task, rollouts, split. Segments come before tasks: a segment says which upstream may serve a
 * caller at all, a task only which upstreams are good enough.
 */
function chooseFirst(call: Call, inputs: PlanInputs, nowMs: number): Choice {
  if (call.ownedId === undefined && call.surface !== 'other' && inputs.isDisabled(nowMs)) {
    return { assigned: inputs.stable, reason: 'disabled' };
  }
  if (call.forcedUpstream !== undefined) {
    assertKnown(call.forcedUpstream, inputs);
    return keepModel(call, inputs, { assigned: call.forcedUpstream, reason: 'forced' });
  }
  const begun = call.toolRun && inputs.toolRuns.get(call.toolRun);
  if (begun !== undefined) return { assigned: begun, reason: 'toolRun' };
  if (call.ownedId !== undefined) {
    const owner = inputs.affinity.ownerOf(call.ownedId);
    return { assigned: owner ?? inputs.home, reason: 'affinity' };
  }
  if (call.surface === 'other') return { assigned: inputs.home, reason: 'notPortable' };
  const segment = matchSegment(inputs.segments, call.attributes);
  if (segment !== undefined) return keepModel(call, inputs, { assigned: segment, reason: 'segment' });
  const route = routeOfTask(call, inputs.taskRoutes);
  const first = route?.find((name) => servesModel(name, call, inputs));
  if (first !== undefined) return { assigned: first, reason: 'task' };
  const taken = inputs.rolloutSplit?.take(call, inputs.random);
  if (taken) return keepModel(call, inputs, { assigned: taken.upstream, reason: 'rollout', bucket: taken.bucket });
  const bucket = call.key === undefined ? inputs.random() : inputs.bucketOf(call.key);
  return keepModel(call, inputs, { assigned: chooseUpstream(inputs.ranges, bucket), reason: 'split', bucket });
}

/** Falls back to stable if the chosen upstream has another model: embeddings of two models cannot be compared. */
function keepModel(call: Call, inputs: PlanInputs, choice: Choice): Choice {
  return servesModel(choice.assigned, call, inputs) ? choice : { ...choice, assigned: inputs.stable, reason: 'stable' };
}

function assertKnown(name: string, { upstreams }: PlanInputs): void {
  if (!upstreams.has(name)) checkOneOf('route.upstream', name, [...upstreams.keys()]);
}

interface Chosen {
  readonly choice: Choice;
  readonly nowMs: number;
}

function findOthers(call: Call, body: unknown, inputs: PlanInputs, { choice, nowMs }: Chosen): Others {
  const upstreams: string[] = [];
  const skipped: Skipped[] = [];
  for (const name of fallbacksOf(call, choice, inputs)) {
    const reason = skipReasonOf(name, call, body, inputs, nowMs);
    if (reason) skipped.push({ upstream: name, reason });
    else upstreams.push(name);
  }
  return { upstreams, skipped };
}

const NO_NAMES: readonly string[] = [];

/** A call has no fallbacks if only the owner of an id can serve it, or if it belongs to the client's account. */
function fallbacksOf(call: Call, choice: Choice, inputs: PlanInputs): readonly string[] {
  if (!call.fallbacks || call.ownedId !== undefined || call.surface === 'other') return NO_NAMES;
  const order = choice.reason === 'task' ? routeOfTask(call, inputs.taskRoutes) : undefined;
  return inputs.fallbacks.after(choice.assigned, undefined, order);
}

/** Why an upstream is passed over now; `undefined` if it can be tried. */
function skipReasonOf(
  name: string,
  call: Call,
  body: unknown,
  inputs: PlanInputs,
  nowMs: number,
): SkipReason | undefined {
  const reason = ineligibleReason(name, call, body, inputs);
  if (reason) return reason;
  const upstream = inputs.upstreams.get(name);
  if (upstream) {
    const { breaker, pause } = stateFor(upstream, call);
    const pausedFor = pause.reason(nowMs);
    if (pausedFor) return pausedFor;
    if (downUntilMs(upstream, nowMs) !== undefined) return 'down';
    if (breaker?.state.state === 'open') return 'breaker';
    if (upstream.limits?.passesOn(nowMs, upstreamModel(upstream.config.rules.model, call))) return 'limit';
  }
  return inputs.budgets?.exhausted(call, name, nowMs) ? 'budget' : undefined;
}

function isClosed(name: string, call: Call, { upstreams }: PlanInputs): boolean {
  const upstream = upstreams.get(name);
  const breaker = upstream && stateFor(upstream, call).breaker;
  return breaker === undefined || breaker.state.state === 'closed';
}
