/** Where a call would go, and why, without making it. */

import { soonestOf } from './dispatch/admission.ts';
import { joinRoutes } from './dispatch/route-options.ts';
import type { Call, RouteOptions } from './domain/call.ts';
import type { Plan } from './domain/plan.ts';
import type { Engine } from './engine.ts';

/** A call to be explained rather than made. */
export interface ExplainOptions<UpstreamName extends string = string> extends RouteOptions<UpstreamName> {
  /** The call is a chat call for this model. */
  readonly model?: string | undefined;
}

/** Why a call would go where. */
export interface Explanation<UpstreamName extends string = string> extends Plan {
  /** The upstream that would be asked first. */
  readonly upstream: UpstreamName;
  readonly weights: Readonly<Record<UpstreamName, number>>;
}

/** Options left out are those of the surrounding `canary.run()`. */
export function explain(engine: Engine, options: ExplainOptions): Explanation {
  const { model, ...said } = options;
  const route = joinRoutes(engine.context.current, said);
  const call: Call = {
    id: 0,
    startedAtMs: engine.options.clock.now(),
    surface: 'chat',
    method: 'post',
    path: '/chat/completions',
    model,
    stream: false,
    replayable: true,
    key: route.key,
    keySource: route.key === undefined ? undefined : 'route',
    task: route.task,
    attributes: route.attributes ?? {},
    forcedUpstream: route.upstream,
    fallbacks: route.fallbacks ?? true,
    ownedId: undefined,
  };
  const plan = engine.plan(call);
  return { ...plan, upstream: plan.upstreams[0] ?? lastResort(plan, engine), weights: engine.traffic.weights };
}

/** Where none of the plan may be asked now, the one that may be soonest is. */
function lastResort({ skipped }: Plan, { parts, options }: Engine): string {
  const names = skipped.map(({ upstream }) => upstream);
  return soonestOf(names, parts.upstreams, options.clock.now()).name;
}
