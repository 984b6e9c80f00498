/** Where a call would go, and why, without making it. */

import { soonestOf } from '../call/admission.ts';
import { describeCall } from '../call/describe-call.ts';
import { joinRoutes } from '../call/route.ts';
import type { Plan, RouteOptions } from '../domain/call.ts';
import type { Engine } from './engine.ts';
import { createBodyPatch } from '../providers/create-body-patch.ts';
import type { DialectChange } from '../providers/dialect-rule.ts';

/** A call to be explained rather than made. */
export interface ExplainOptions<UpstreamName extends string = string> extends RouteOptions<UpstreamName> {
  /** The call is a chat call for this model. */
  readonly model?: string | undefined;
  /** The body of a chat call: what must change in it for the upstream is explained, and what it needs is heeded. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

/** Why a call would go where. */
export interface Explanation<UpstreamName extends string = string> extends Plan {
  /** The upstream that would be asked first. */
  readonly upstream: UpstreamName;
  readonly weights: Readonly<Record<UpstreamName, number>>;
  /** What the upstream's dialect makes of the body, and why; nothing without a body. */
  readonly changes: readonly DialectChange[];
}

/** Options left out are those of the surrounding `canary.run()`. */
export function explain(engine: Engine, { model, body = {}, ...said }: ExplainOptions): Explanation {
  const { clock } = engine.options;
  const route = joinRoutes(engine.context.current, said);
  const described = describeCall(
    { method: 'post', path: '/chat/completions', body: model === undefined ? body : { ...body, model } },
    { id: 0, startedAtMs: clock.now(), context: route, keyOption: undefined, keyed: true },
  );
  const plan = engine.plan(described, body, clock.now());
  const { assigned, upstreams, reason, bucket, skipped } = plan;
  const upstream = upstreams[0] ?? lastResort(plan, engine);
  const rules = engine.services.upstreams.get(upstream)?.config.rules ?? {};
  const changes = createBodyPatch(rules, described, body)?.changes ?? [];
  return { assigned, upstreams, reason, bucket, skipped, upstream, weights: engine.traffic.weights, changes };
}

/** Where none of the plan may be asked now, the one that may be soonest is. */
function lastResort({ skipped }: Plan, { services, options }: Engine): string {
  const names = skipped.map(({ upstream }) => upstream);
  return soonestOf(names, services.upstreams, options.clock.now()).name;
}
