/** Takes a snapshot: the numbers of the metrics window, and the state of every upstream and of its models. */

import type { EngineServices } from './build-call-services.ts';
import type { Health, ModelSnapshot, ModelWindowSnapshot, Snapshot, UpstreamSnapshot } from '../domain/snapshot.ts';
import { healthOf, healthOfAll } from '../metrics/health.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { type ModelState, worstBreaker } from '../resilience/model-states.ts';
import type { Traffic } from '../routing/traffic.ts';
import { downUntilMs, type Upstream } from '../upstream/upstream.ts';

/** The numbers are those of the window that ends at `atMs`. */
export function takeSnapshot(
  recorder: Recorder,
  { weights, ranges }: Traffic,
  { upstreams, budgets, shadow, stable }: Pick<EngineServices, 'upstreams' | 'budgets' | 'shadow' | 'stable'>,
  { atMs, windowMs }: { readonly atMs: number; readonly windowMs: number },
): Snapshot {
  const frozen: Record<string, UpstreamSnapshot> = {};
  for (const upstream of upstreams.values()) {
    const { name, limits } = upstream;
    frozen[name] = {
      weight: weights[name] ?? 0,
      ...freezeUpstream(upstream, recorder, { atMs, windowMs }),
      ...(limits && { limits: limits.snapshot(atMs) }),
    };
  }
  const mirrored = shadow && { shadow: shadow.snapshot(atMs, recorder.upstream(stable, atMs)) };
  const tasks = recorder.tasks(atMs);
  const spent = budgets?.snapshot(atMs) ?? [];
  return {
    atMs,
    windowMs,
    ...recorder.totals(atMs),
    weights,
    ranges,
    upstreams: frozen,
    tasks,
    budgets: spent,
    ...mirrored,
  };
}

/** The state of an upstream is the worst of its models that are in use, or of all of them if none is. */
function freezeUpstream(
  upstream: Upstream,
  recorder: Recorder,
  { atMs, windowMs }: { readonly atMs: number; readonly windowMs: number },
): Omit<UpstreamSnapshot, 'weight' | 'limits'> {
  const { name, config, models, lastCheck } = upstream;
  const window = recorder.upstream(name, atMs);
  const windows = recorder.models(name, atMs);
  const inUse = models.all.filter((state) => windows.has(state.model) || isBlocked(state, atMs));
  const states = inUse.length > 0 ? inUse : models.all;
  const isDown = downUntilMs(upstream, atMs) !== undefined;
  const reached = lastCheck && atMs - lastCheck.atMs <= windowMs ? lastCheck.reached : undefined;
  const healths: Health[] = [];
  const frozen = states.map((state): [string, ModelSnapshot] => {
    const counts = windows.get(state.model) ?? NO_ATTEMPTS;
    const breaker = worstBreaker([state]);
    const health = isDown ? 'down' : healthOf(counts, { breaker, paused: state.pause.reason(atMs), reached });
    healths.push(health);
    return [state.model ?? '*', { ...counts, breaker, health, pausedUntilMs: state.pause.until(atMs) }];
  });
  const breaker = worstBreaker(states);
  const paused = models.pause.reason(atMs);
  return {
    ...window,
    breaker,
    health: isDown ? 'down' : healthOfAll(healths, healthOf(window, { breaker, paused, reached })),
    pausedUntilMs: latest([models.pause.until(atMs), ...states.map(({ pause }) => pause.until(atMs))]),
    models: Object.fromEntries(frozen),
    ...(config.targetLatencyMs !== undefined && { targetLatencyMs: config.targetLatencyMs }),
  };
}

const NO_ATTEMPTS: ModelWindowSnapshot = { attempts: 0, successes: 0, failures: 0, neutral: 0, errorRate: null };

function isBlocked({ breaker, pause }: ModelState, nowMs: number): boolean {
  return breaker?.state.state === 'open' || pause.until(nowMs) !== null;
}

function latest(times: readonly (number | null)[]): number | null {
  return times.reduce((late, time) => (late === null || (time !== null && time > late) ? time : late), null);
}
