/** What happened during the demo, as told by events and by the calls themselves. */

import type { CanaryClient, RolloutRollbackEvent } from '../../src/index.ts';

export interface Tally {
  readonly served: () => void;
  readonly lost: (error: unknown) => void;
  /** `user` was assigned to `upstream`. */
  readonly routed: (user: string, upstream: string) => void;
  /** The canary has begun to fail. */
  readonly degraded: () => void;
  readonly counts: Readonly<Counts>;
  /** The canary's share, 0–1, at each step that was taken on evidence. */
  readonly rises: readonly number[];
  /** On evidence. */
  readonly rollback: RolloutRollbackEvent | undefined;
  /** From the beginning of the failures to the rollback; `undefined` without either. */
  readonly caughtAfterMs: number | undefined;
}

interface Counts {
  served: number;
  lost: number;
  retries: number;
  fallbacks: number;
  /** Users whose upstream changed although no weight had. */
  unfaithful: number;
  /** Users whose upstream changed with the weights. */
  moved: number;
}

export function createTally(ai: CanaryClient): Tally {
  const counts: Counts = { served: 0, lost: 0, retries: 0, fallbacks: 0, unfaithful: 0, moved: 0 };
  const rises: number[] = [];
  const homes = new Map<string, { readonly upstream: string; readonly weights: string }>();
  let rollback: RolloutRollbackEvent | undefined;
  let degradedMs: number | undefined;
  let caughtAfterMs: number | undefined;
  ai.canary.on('step', ({ weightsAfter, by }) => {
    if (by === 'evidence') rises.push(weightsAfter.deepseek ?? 0);
  });
  ai.canary.on('rollback', (event) => {
    if (event.rule !== undefined || event.by !== 'evidence') return;
    rollback = event;
    if (degradedMs !== undefined) caughtAfterMs = performance.now() - degradedMs;
  });
  ai.canary.on('retry', () => (counts.retries += 1));
  ai.canary.on('fallback', () => (counts.fallbacks += 1));
  return {
    counts,
    rises,
    get rollback() {
      return rollback;
    },
    get caughtAfterMs() {
      return caughtAfterMs;
    },
    served: () => void (counts.served += 1),
    lost: (error) => {
      counts.lost += 1;
      if (counts.lost === 1) console.error(error);
    },
    routed: (user, upstream) => {
      const weights = Object.values(ai.canary.weights).join();
      const home = homes.get(user);
      if (home && home.upstream !== upstream) counts[home.weights === weights ? 'unfaithful' : 'moved'] += 1;
      homes.set(user, { upstream, weights });
    },
    degraded: () => void (degradedMs = performance.now()),
  };
}
