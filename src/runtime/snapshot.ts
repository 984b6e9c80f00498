/** Takes a snapshot: the numbers of the metrics window, and the state of every upstream. */

import type { EngineServices } from './build-call-services.ts';
import type { Snapshot, UpstreamSnapshot } from '../domain/snapshot.ts';
import { healthOf } from '../metrics/health.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Traffic } from '../routing/traffic.ts';

/** The numbers are those of the window that ends at `atMs`. */
export function takeSnapshot(
  recorder: Recorder,
  { weights, ranges }: Traffic,
  { upstreams, budgets, shadow, stable }: Pick<EngineServices, 'upstreams' | 'budgets' | 'shadow' | 'stable'>,
  { atMs, windowMs }: { readonly atMs: number; readonly windowMs: number },
): Snapshot {
  const frozen: Record<string, UpstreamSnapshot> = {};
  for (const [name, { breaker, pause, lastCheck, limits }] of upstreams) {
    const window = recorder.upstream(name, atMs);
    const state = breaker?.state ?? CLOSED;
    const reached = lastCheck && atMs - lastCheck.atMs <= windowMs ? lastCheck.reached : undefined;
    frozen[name] = {
      ...window,
      weight: weights[name] ?? 0,
      breaker: state,
      health: healthOf(window, { breaker: state, paused: pause.reason(atMs), reached }),
      pausedUntilMs: pause.until(atMs),
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

const CLOSED = { state: 'closed' } as const;
