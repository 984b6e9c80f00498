/** Decides which upstreams serve a call, in which order, and says why. */

import type { Budgets } from '../budgets/budgets.ts';
import type { Call, Plan, PlanReason, Ranges, Segment, SkipReason } from '../domain/call.ts';
import { ConfigError } from '../domain/errors.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Affinity } from '../routing/affinity.ts';
import type { RolloutSplit } from '../routing/rollout-split.ts';
import { matchSegment } from '../routing/segment.ts';
import { chooseUpstream } from '../routing/split.ts';
import type { TaskRoutes } from '../routing/tasks.ts';
import { type EligibilityInputs, servesModel, ineligibleReason } from './eligibility.ts';
import type { FallbacksAfter } from './fallbacks.ts';

/** What plans are made from. */
export interface PlanInputs extends EligibilityInputs {
  /** The upstream that is the application's client itself: what belongs to its account stays there. */
  readonly home: string;
  readonly ranges: Ranges;
  /** Whether everything is to go to stable now. */
  readonly isDisabled: (nowMs: number) => boolean;
  /** What rollouts take before the table is asked. */
  readonly rollouts: RolloutSplit | undefined;
  readonly segments: readonly Segment[];
  /** The upstreams of a task, in order. */
  readonly taskRoutes: TaskRoutes | undefined;
  readonly budgets: Budgets | undefined;
  readonly affinity: Affinity;
  /** The upstreams of runs of tools under way. */
  readonly toolRuns: WeakMap<object, string>;
  readonly fallbacksAfter: FallbacksAfter;
  /** The bucket of a key, in [0, 1). */
  readonly bucketOf: (key: string) => number;
  readonly random: () => number;
}

type Skipped = Plan['skipped'][number];

/** Of `body` only a call with a cap has its cost estimated. */
export function planCall(call: Call, body: unknown, inputs: PlanInputs, nowMs: number): CallPlan {
  const choice = chooseFirst(call, inputs, nowMs);
  const refusal = unavailable(choice.assigned, call, body, inputs, nowMs);
  return new CallPlan(choice, refusal, nowMs, (atMs) => findOthers(call, body, inputs, { choice, nowMs: atMs }));
}

interface Chosen {
  readonly choice: Choice;
  readonly nowMs: number;
}

function findOthers(call: Call, body: unknown, inputs: PlanInputs, { choice, nowMs }: Chosen): Others {
  const upstreams: string[] = [];
  const skipped: Skipped[] = [];
  for (const name of followers(call, choice, inputs)) {
    const why = unavailable(name, call, body, inputs, nowMs);
    if (why) skipped.push({ upstream: name, reason: why });
    else upstreams.push(name);
  }
  return { upstreams, skipped };
}

/**
 * Stable where the kill switch is on, but for what only its owner knows. Else the forced upstream, then that of a run of tools, then the owner of an id, then segments, then the route of the task, then rollouts, then the split. Segments
 * say whom a caller may be served by at all; a task only, who is good enough.
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
  // Vectors of two models do not compare: a route is for those of its upstreams that serve the model.
  const first = route?.find((name) => servesModel(name, call, inputs));
  if (first !== undefined) return { assigned: first, reason: 'task' };
  const taken = inputs.rollouts?.take(call, inputs.random);
  if (taken) return keepModel(call, inputs, { assigned: taken.upstream, reason: 'rollout', bucket: taken.bucket });
  const bucket = call.key === undefined ? inputs.random() : inputs.bucketOf(call.key);
  return keepModel(call, inputs, { assigned: chooseUpstream(inputs.ranges, bucket), reason: 'split', bucket });
}

/** Vectors of two models do not compare: such a call goes elsewhere only under the very same model. */
function keepModel(call: Call, inputs: PlanInputs, choice: Choice): Choice {
  return servesModel(choice.assigned, call, inputs) ? choice : { ...choice, assigned: inputs.stable, reason: 'stable' };
}

/** The upstreams of a call's task, if it has any. */
export function routeOfTask({ task }: Call, routes: TaskRoutes | undefined): readonly string[] | undefined {
  return task === undefined ? undefined : routes?.get(task);
}

const NONE: readonly string[] = [];

/** An id is known to its owner only, and what belongs to an account stays there. */
function followers(call: Call, choice: Choice, inputs: PlanInputs): readonly string[] {
  if (!call.fallbacks || call.ownedId !== undefined || call.surface === 'other') return NONE;
  const order = choice.reason === 'task' ? routeOfTask(call, inputs.taskRoutes) : undefined;
  return inputs.fallbacksAfter(choice.assigned, undefined, order);
}

/** Why an upstream cannot be asked now. */
function unavailable(
  name: string,
  call: Call,
  body: unknown,
  inputs: PlanInputs,
  nowMs: number,
): SkipReason | undefined {
  const reason = ineligibleReason(name, call, body, inputs);
  if (reason) return reason;
  const upstream = inputs.upstreams.get(name);
  const pausedFor = upstream?.pause.reason(nowMs);
  if (pausedFor) return pausedFor;
  if (upstream?.breaker?.state.state === 'open') return 'breaker';
  if (upstream?.limits?.passesOn(nowMs, upstreamModel(upstream.config.rules.model, call))) return 'limit';
  return inputs.budgets?.exhausted(call, name, nowMs) ? 'budget' : undefined;
}

function assertKnown(name: string, { upstreams }: PlanInputs): void {
  if (upstreams.has(name)) return;
  throw new ConfigError('route.upstream', `should be one of ${[...upstreams.keys()].join(', ')}, got ${name}`);
}

/* PART: The plan of one call: whom it is for, and who may serve it else. */

/** Whom a call is for, and why. */
export interface Choice {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket?: number | undefined;
}

/** Most calls are served by the upstream that they are for: the others are looked at only where somebody asks for them. */
export class CallPlan implements Plan {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket: number | undefined;
  /** Why the assigned upstream cannot be asked now; `undefined` where it can. */
  readonly refusal: SkipReason | undefined;
  /** When it was made. */
  readonly atMs: number;
  readonly #findOthers: (nowMs: number) => Others;
  #others: Others | undefined;

  constructor(
    { assigned, reason, bucket }: Choice,
    refusal: SkipReason | undefined,
    atMs: number,
    othersAt: (nowMs: number) => Others,
  ) {
    this.assigned = assigned;
    this.reason = reason;
    this.bucket = bucket;
    this.refusal = refusal;
    this.atMs = atMs;
    this.#findOthers = othersAt;
  }

  get upstreams(): readonly string[] {
    const { upstreams } = this.othersAt(this.atMs);
    return this.refusal ? upstreams : [this.assigned, ...upstreams];
  }

  get skipped(): Plan['skipped'] {
    const { skipped } = this.othersAt(this.atMs);
    return this.refusal ? [{ upstream: this.assigned, reason: this.refusal }, ...skipped] : skipped;
  }

  /** Those after the assigned one, in order, as they are when they are first asked for. */
  othersAt(nowMs: number): Others {
    return (this.#others ??= this.#findOthers(nowMs));
  }
}

/** Who can be asked now, and who was passed over. */
export type Others = Pick<Plan, 'upstreams' | 'skipped'>;

/* PART: Whether chance alone decides that an upstream serves a call. */

/**
 * Whether an upstream could be the first that a call is sent to now. A breaker that is not closed lets some calls pass and others not,
 * so it says no.
 */
export function mayServe(name: string, call: Call, body: unknown, inputs: PlanInputs, nowMs: number): boolean {
  return isClosed(name, inputs) && unavailable(name, call, body, inputs, nowMs) === undefined;
}

/** The same of the upstream that a call is planned for; a call may have waited since. */
export function mayServePlanned(plan: CallPlan, call: Call, body: unknown, inputs: PlanInputs, nowMs: number): boolean {
  if (plan.atMs !== nowMs) return mayServe(plan.assigned, call, body, inputs, nowMs);
  return plan.refusal === undefined && isClosed(plan.assigned, inputs);
}

function isClosed(name: string, { upstreams }: PlanInputs): boolean {
  const breaker = upstreams.get(name)?.breaker;
  return breaker === undefined || breaker.state.state === 'closed';
}
