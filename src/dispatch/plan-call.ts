/** Decides which upstreams serve a call, in which order, and says why. */

import type { Call } from '../domain/call.ts';
import type { Plan, PlanReason, SkipReason } from '../domain/plan.ts';
import type { Ranges, Segment } from '../domain/split.ts';
import type { Requirement } from '../domain/requirement.ts';
import { lacks } from '../providers/capabilities.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Affinity } from '../routing/affinity.ts';
import { matchSegment } from '../routing/segment.ts';
import { chooseUpstream } from '../routing/split.ts';
import { ConfigError } from '../upstream/errors.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { FallbacksAfter } from './fallbacks.ts';

/** What plans are made from. */
export interface PlanningState {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** The upstream that is the application's client itself: what belongs to its account stays there. */
  readonly home: string;
  readonly stable: string;
  readonly ranges: Ranges;
  readonly segments: readonly Segment[];
  readonly affinity: Affinity;
  /** The upstreams of runs of tools under way. */
  readonly toolRuns: WeakMap<object, string>;
  readonly fallbacksAfter: FallbacksAfter;
  /** The bucket of a key, in [0, 1). */
  readonly bucketOf: (key: string) => number;
  readonly random: () => number;
}

type Skipped = Plan['skipped'][number];

interface Choice {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket?: number;
}

export function planCall(call: Call, state: PlanningState, nowMs: number): Plan {
  const choice = chooseFirst(call, state);
  const { assigned, reason, bucket } = choice;
  const upstreams: string[] = [];
  const skipped: Skipped[] = [];
  const consider = (name: string): void => {
    const why = unavailable(name, call, state, nowMs);
    if (why) skipped.push({ upstream: name, reason: why });
    else upstreams.push(name);
  };
  consider(assigned);
  for (const name of followers(call, choice, state)) consider(name);
  return { assigned, upstreams, reason, bucket, skipped };
}

/** Forced upstream, then that of a run of tools, then the owner of an id, then segments, then the split. */
function chooseFirst(call: Call, state: PlanningState): Choice {
  if (call.forcedUpstream !== undefined) {
    assertKnown(call.forcedUpstream, state);
    return keepModel(call, state, { assigned: call.forcedUpstream, reason: 'forced' });
  }
  const begun = call.toolRun && state.toolRuns.get(call.toolRun);
  if (begun !== undefined) return { assigned: begun, reason: 'toolRun' };
  if (call.ownedId !== undefined) {
    const owner = state.affinity.ownerOf(call.ownedId);
    return { assigned: owner ?? state.home, reason: 'affinity' };
  }
  if (call.surface === 'other') return { assigned: state.home, reason: 'notPortable' };
  const segment = matchSegment(state.segments, call.attributes);
  if (segment !== undefined) return keepModel(call, state, { assigned: segment, reason: 'segment' });
  const bucket = call.key === undefined ? state.random() : state.bucketOf(call.key);
  return keepModel(call, state, { assigned: chooseUpstream(state.ranges, bucket), reason: 'split', bucket });
}

/** Vectors of two models do not compare: such a call goes elsewhere only under the very same model. */
function keepModel(call: Call, state: PlanningState, choice: Choice): Choice {
  return servesModel(choice.assigned, call, state) ? choice : { ...choice, assigned: state.stable, reason: 'stable' };
}

/** Whether an upstream may serve the model of a call. */
function servesModel(name: string, call: Call, state: Pick<PlanningState, 'upstreams' | 'stable'>): boolean {
  if (call.surface !== 'embeddings' && call.surface !== 'moderations') return true;
  if (name === state.stable) return true;
  const model = state.upstreams.get(name)?.config.rules.model;
  if (model === undefined || call.model === undefined) return model === undefined;
  return typeof model === 'string' ? model === call.model : Object.hasOwn(model, call.model);
}

/** Why an upstream is none for a call, whatever its state. Whom the caller forces is asked all the same. */
export function unfit(
  name: string,
  call: Call,
  state: Pick<PlanningState, 'upstreams' | 'stable'>,
): SkipReason | undefined {
  if (!servesModel(name, call, state)) return 'model';
  return lackOf(name, call, state.upstreams) ? 'capability' : undefined;
}

/** What the call needs and the upstream cannot do. */
export function lackOf(name: string, call: Call, upstreams: PlanningState['upstreams']): Requirement | undefined {
  const config = upstreams.get(name)?.config;
  if (!config || call.requirements.size === 0 || call.forcedUpstream === name) return undefined;
  const model = upstreamModel(config.rules.model, call);
  return lacks({ ...config.capable, model }, call.surface, call.requirements);
}

const NONE: readonly string[] = [];

/** An id is known to its owner only, and what belongs to an account stays there. */
function followers(call: Call, choice: Choice, state: PlanningState): readonly string[] {
  if (!call.fallbacks || call.ownedId !== undefined || call.surface === 'other') return NONE;
  return state.fallbacksAfter(choice.assigned);
}

function unavailable(name: string, call: Call, state: PlanningState, nowMs: number): SkipReason | undefined {
  const reason = unfit(name, call, state);
  if (reason) return reason;
  const upstream = state.upstreams.get(name);
  const pausedFor = upstream?.pause.reason(nowMs);
  if (pausedFor) return pausedFor;
  return upstream?.breaker?.state.state === 'open' ? 'breaker' : undefined;
}

function assertKnown(name: string, { upstreams }: PlanningState): void {
  if (upstreams.has(name)) return;
  throw new ConfigError('route.upstream', `should be one of ${[...upstreams.keys()].join(', ')}, got ${name}`);
}
