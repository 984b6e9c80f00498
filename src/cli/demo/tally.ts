/** Counts what happens during the demo, from events and from the calls. */

import type { CanaryClient, RolloutRollbackEvent } from '../../index.ts';
import type { Terminal } from '../terminal.ts';

export interface Tally {
  readonly served: () => void;
  readonly lost: (error: unknown) => void;
  /** Records that `user` is assigned to `upstream`. */
  readonly routed: (user: string, upstream: string) => void;
  /** Records that the canary starts to fail. */
  readonly degraded: () => void;
  readonly counts: Readonly<Counts>;
  /** The canary's share, 0–1, after each step taken on evidence. */
  readonly rises: readonly number[];
  /** The rollback on evidence, if any. */
  readonly rollback: RolloutRollbackEvent | undefined;
  /** Milliseconds from the first failures to the rollback; `undefined` if either has not happened. */
  readonly caughtAfterMs: number | undefined;
}

interface Counts {
  served: number;
  lost: number;
  retries: number;
  fallbacks: number;
  /** How often a user's upstream changed without a change of weights. */
  unfaithful: number;
  /** How often a user's upstream changed with the weights. */
  moved: number;
}

export function createTally(ai: CanaryClient, { err }: Terminal): Tally {
  const counts: Counts = { served: 0, lost: 0, retries: 0, fallbacks: 0, unfaithful: 0, moved: 0 };
  const rises: number[] = [];
  const assignments = new Map<string, { readonly upstream: string; readonly weights: string }>();
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
      if (counts.lost === 1) err(String(error));
    },
    routed: (user, upstream) => {
      const weights = Object.values(ai.canary.weights).join();
      const previous = assignments.get(user);
      if (previous && previous.upstream !== upstream)
        counts[previous.weights === weights ? 'unfaithful' : 'moved'] += 1;
      assignments.set(user, { upstream, weights });
    },
    degraded: () => void (degradedMs = performance.now()),
  };
}
