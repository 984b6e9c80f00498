/** Builds what dispatching needs. */

import type { DispatchParts } from './dispatch/dispatch-parts.ts';
import { createFallbacks } from './dispatch/fallbacks.ts';
import { createObserver, type Observed } from './observe.ts';
import { createPricing } from './price-attempt.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import type { Affinity } from './routing/affinity.ts';
import { createBreaker } from './upstream/breaker.ts';
import { createPause } from './upstream/pause.ts';
import { createRetryBudget } from './upstream/retry-budget.ts';
import type { Upstream, UpstreamConfig } from './upstream/upstream.ts';

export function buildParts(
  options: ResolvedOptions,
  observed: Observed,
  { affinity, routes }: { readonly affinity: Affinity; readonly routes: boolean },
): DispatchParts {
  const { clock, random, policy, fallbacks, retryShare, stable } = options;
  const { warnings } = observed;
  const upstreams = new Map(options.upstreams.map((config) => [config.name, buildUpstream(config, options, observed)]));
  return {
    upstreams,
    stable,
    policy,
    fallbacksAfter: createFallbacks(fallbacks, stable),
    clock,
    random,
    redacts: routes,
    retryBudget: createRetryBudget({ share: retryShare, clock }),
    observer: createObserver(observed),
    pricing: createPricing(upstreams, stable, (upstream, model) => {
      const message = `No price is known for ${model} on ${upstream}: its cost is counted as unknown`;
      warnings.once(message, { code: 'price', message, atMs: clock.now() });
    }),
    remember: (id, upstream) => affinity.remember(id, upstream),
  };
}

function buildUpstream(config: UpstreamConfig, options: ResolvedOptions, { emitter }: Observed): Upstream {
  const { clock, breaker: policy } = options;
  const { name } = config;
  const breaker =
    policy &&
    createBreaker({
      policy,
      clock,
      onChange: (change) => emitter.emit('breaker', { upstream: name, ...change, atMs: clock.now() }),
    });
  return { name, config, breaker, pause: createPause(clock) };
}
