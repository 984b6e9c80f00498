/** Explains where a call would go, and why, without making it. */

import type { OpenAI } from 'openai';
import { soonestOf } from '../call/admission.ts';
import { describeCall } from '../call/describe-call.ts';
import { checkRoute } from '../call/check-route.ts';
import { routeMetadata } from '../call/route.ts';
import type { Call, Plan, RouteOptions } from '../domain/call.ts';
import type { Engine } from './engine.ts';
import { createBodyPatch } from '../providers/create-body-patch.ts';
import type { DialectChange } from '../providers/dialect-rule.ts';

/** The call to explain. Route options that are left out come from the surrounding `canary.run()`. */
export interface ExplainOptions<UpstreamName extends string = string> extends RouteOptions<UpstreamName> {
  /** The model of the call, which is a chat call. Breakers and pauses are kept by model, so name it where several are in use. */
  readonly model?: string | undefined;
  /** The body of a chat call. Its requirements take part in the choice, and its changes for the upstream are listed. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  /** The headers of the call, as its request options take them. The `key` function can read them. */
  readonly headers?: OpenAI.RequestOptions['headers'];
}

/** The plan of a call, and what the upstream's dialect changes in its body. */
export interface Explanation<UpstreamName extends string = string> extends Plan {
  /** The upstream that would be tried first. */
  readonly upstream: UpstreamName;
  /** The shares of the split, 0–1. */
  readonly weights: Readonly<Record<UpstreamName, number>>;
  /** The changes that the upstream's dialect makes in the body, with reasons; empty without a body. */
  readonly changes: readonly DialectChange[];
}

export function explain(engine: Engine, given: ExplainOptions): Explanation {
  const { model, body = {}, headers, ...options } = given;
  checkRoute('explain', options);
  const { clock } = engine.options;
  const request = {
    method: 'post' as const,
    path: '/chat/completions',
    body: model === undefined ? body : { ...body, model },
    headers,
    __metadata: routeMetadata(options),
  };
  const described = describeCall(request, {
    id: 0,
    startedAtMs: clock.now(),
    context: engine.context.current,
    keyOption: engine.keyOption,
    conversationKey: (surface, asked) => engine.conversations.peek(surface, asked),
    keyed: true,
  });
  const plan = engine.plan(described, body, clock.now());
  const { assigned, upstreams, reason, bucket, skipped } = plan;
  const upstream = upstreams[0] ?? lastResort(plan, described, engine);
  const rules = engine.services.upstreams.get(upstream)?.config.rules ?? {};
  const changes = createBodyPatch(rules, described, body)?.changes ?? [];
  return { assigned, upstreams, reason, bucket, skipped, upstream, weights: engine.traffic.weights, changes };
}

/** If every upstream of the plan is skipped, the one that is available soonest is tried. */
function lastResort({ skipped }: Plan, call: Call, { services, options }: Engine): string {
  const names = skipped.filter(({ reason }) => reason !== 'rolledBack').map(({ upstream }) => upstream);
  return soonestOf(names, services.upstreams, call, options.clock.now()).name;
}
