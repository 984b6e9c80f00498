/** Freezes the numbers of the window, and the state of every upstream. */

import type { Snapshot, UpstreamSnapshot } from './domain/snapshot.ts';
import type { Recorder } from './metrics/recorder.ts';
import type { Traffic } from './traffic.ts';
import type { Upstream } from './upstream/upstream.ts';

/** The window that ends at `atMs`. */
export function takeSnapshot(
  recorder: Recorder,
  { weights, ranges }: Traffic,
  upstreams: ReadonlyMap<string, Upstream>,
  { atMs, windowMs }: { readonly atMs: number; readonly windowMs: number },
): Snapshot {
  const frozen: Record<string, UpstreamSnapshot> = {};
  for (const [name, { breaker, pause }] of upstreams) {
    frozen[name] = {
      ...recorder.upstream(name, atMs),
      weight: weights[name] ?? 0,
      breaker: breaker?.state ?? { state: 'closed' },
      pausedUntilMs: pause.until(atMs),
    };
  }
  return { atMs, windowMs, ...recorder.totals(atMs), weights, ranges, upstreams: frozen, tasks: recorder.tasks(atMs) };
}
