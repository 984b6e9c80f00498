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
import { ineligibleReason, isTakenOut, servesModel } from './eligibility.ts';

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
  readonly taskRoutes: TaskRoutes;
  readonly affinity: Affinity;
  /** The bucket of a key, in [0, 1). */
  readonly bucketOf: (key: string) => number;
}

type Skipped = Plan['skipped'][number];

/** `body` is read only for a call with `maxCostUsd`, to estimate its cost. */
export function planCall(call: Call, body: unknown, inputs: PlanInputs, nowMs: number): CallPlan {
  const choice = chooseFirst(call, body, inputs, nowMs);
  const refusal = skipReasonOf(choice.assigned, call, body, inputs, nowMs);
  return new CallPlan(choice, refusal, nowMs, (atMs) => findOthers(call, body, inputs, { choice, nowMs: atMs }));
}

/**
 * The order of precedence: kill switch (except for calls that only the owner of an id can serve), forced upstream, upstream of a tool run,
 * owner of an id, maker of an item that no other can read, segments, route of the task, rollouts, split. Segments come before tasks: a segment
 * says which upstream may serve a caller at all, a task only which upstreams are good enough. An upstream that is rolled back gets only what
 * is forced, or what only it can serve.
 */
function chooseFirst(call: Call, body: unknown, inputs: PlanInputs, nowMs: number): Choice {
  if (call.ownedId === undefined && call.surface !== 'other' && inputs.isDisabled(nowMs)) {
    return { assigned: inputs.stable, reason: 'disabled' };
  }
  if (call.forcedUpstream !== undefined) {
    assertKnown(call.forcedUpstream, inputs);
    return keepModel(call, inputs, { assigned: call.forcedUpstream, reason: 'forced' });
  }
  const begun = call.toolRun && inputs.toolRuns.get(call.toolRun);
  if (begun !== undefined && !inputs.isRolledBack(begun)) return { assigned: begun, reason: 'toolRun' };
  if (call.ownedId !== undefined) return chooseOwner(call, call.ownedId, body, inputs);
  if (call.surface === 'other') return { assigned: inputs.home, reason: 'notPortable' };
  const choice = chooseByRules(call, body, inputs);
  const maker = call.sealedItems && makerOf(call.sealedItems, inputs);
  return maker === undefined || isSameAccount(maker, choice.assigned, inputs)
    ? choice
    : { assigned: maker, reason: 'affinity' };
}

/** The owner of an id. If nothing is known of it, the upstream that the rules choose is asked first, and then the others. */
function chooseOwner(call: Call, id: string, body: unknown, inputs: PlanInputs): Choice {
  const owner = inputs.affinity.ownerOf(id);
  if (owner !== undefined && inputs.upstreams.has(owner)) return { assigned: owner, reason: 'affinity' };
  // A call without a body has no key of its own, and chance would not repeat its choice.
  const isKeyed = call.surface !== 'other' || call.key !== undefined;
  const assigned =
    isKeyed && !inputs.isDisabled(call.startedAtMs) ? chooseByRules(call, body, inputs).assigned : inputs.stable;
  return { assigned, reason: 'affinity', seeksOwner: true };
}

/** The upstream that made the latest of the items that only their maker can read, as far as that is known. */
function makerOf(items: readonly string[], { affinity, upstreams }: PlanInputs): string | undefined {
  for (const item of items) {
    const maker = affinity.ownerOf(item);
    if (maker !== undefined && upstreams.has(maker)) return maker;
  }
  return undefined;
}

/** Upstreams without a connection of their own are models of one account, which reads what any of them made. */
function isSameAccount(maker: string, other: string, { upstreams }: PlanInputs): boolean {
  const isClient = (name: string): boolean => upstreams.get(name)?.config.connection.kind === 'client';
  return maker !== other && isClient(maker) && isClient(other);
}

/** Segments, route of the task, rollouts, split. */
function chooseByRules(call: Call, body: unknown, inputs: PlanInputs): Choice {
  const segment = matchSegment(inputs.segments, call.attributes);
  if (segment !== undefined) {
    const { upstream } = segment;
    if (inputs.isRolledBack(upstream)) return { assigned: inputs.stable, reason: 'rolledBack' };
    const choice = keepModel(call, inputs, { assigned: upstream, reason: 'segment' });
    return choice.reason === 'segment' ? compare(choice, segment, call, body, inputs) : choice;
  }
  const byTask = chooseByTask(call, body, inputs);
  if (byTask) return byTask;
  const taken = inputs.rolloutSplit?.take(call, inputs.random);
  if (taken) return keepModel(call, inputs, { assigned: taken.upstream, reason: 'rollout', bucket: taken.bucket });
  const bucket = call.key === undefined ? inputs.random() : inputs.bucketOf(call.key);
  return keepModel(call, inputs, { assigned: chooseUpstream(inputs.ranges, bucket), reason: 'split', bucket });
}

/** The first upstream of the task that serves the call; stable if those that would are rolled back. */
function chooseByTask(call: Call, body: unknown, inputs: PlanInputs): Choice | undefined {
  const route = call.task === undefined ? undefined : inputs.taskRoutes.get(call.task);
  const serving = route?.filter((name) => servesModel(name, call, inputs)) ?? [];
  const first = serving.find((name) => !inputs.isRolledBack(name));
  if (route && first !== undefined) {
    const choice: Choice = { assigned: first, reason: 'task', order: route };
    // A task says which upstreams are good enough for it: only where stable is one of them, calls stay on it.
    return serving.includes(inputs.stable) ? compare(choice, route, call, body, inputs) : choice;
  }
  return serving.length === 0 ? undefined : { assigned: inputs.stable, reason: 'rolledBack' };
}

/**
 * Keeps a share of the calls that a segment or a task sends to a canary on stable, where both can serve the call: without them nothing
 * could be said of the others.
 */
function compare(choice: Choice, group: object, call: Call, body: unknown, inputs: PlanInputs): Choice {
  const { assigned: to } = choice;
  const { stable, rolloutSplit, random } = inputs;
  const held = rolloutSplit?.holdBack(to, call.key, random);
  if (!held || ineligibleReason(to, call, body, inputs) || ineligibleReason(stable, call, body, inputs)) return choice;
  const { bucket, isHeldBack } = held;
  const compared = { ...choice, bucket, comparison: { to, group } };
  return isHeldBack ? { ...compared, assigned: stable, reason: 'holdback' } : compared;
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

/** A call has no fallbacks if only the owner of an id can serve it, if it belongs to the client's account, or under the kill switch. */
function fallbacksOf(call: Call, choice: Choice, inputs: PlanInputs): readonly string[] {
  if (choice.seeksOwner) return ownersToAsk(call, inputs).filter((name) => name !== choice.assigned);
  if (!call.fallbacks || call.ownedId !== undefined || call.surface === 'other') return NO_NAMES;
  return choice.reason === 'disabled' ? NO_NAMES : inputs.fallbacks.after(choice.assigned, undefined, choice.order);
}

/** The upstreams to ask for what an unknown one of them made: the maker of an item if it is known, stable, then all others. */
export function ownersToAsk(
  { sealedItems = NO_NAMES }: Call,
  { upstreams, stable, ownerOf }: Pick<CallServices, 'upstreams' | 'stable' | 'ownerOf'>,
): readonly string[] {
  const makers = sealedItems.flatMap((item) => ownerOf(item) ?? NO_NAMES).filter((name) => upstreams.has(name));
  return [...new Set([...makers, stable, ...upstreams.keys()])];
}

/** Why an upstream is passed over now; `undefined` if it can be tried. */
function skipReasonOf(
  name: string,
  call: Call,
  body: unknown,
  inputs: PlanInputs,
  nowMs: number,
): SkipReason | undefined {
  if (isTakenOut(name, call, inputs)) return 'rolledBack';
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
