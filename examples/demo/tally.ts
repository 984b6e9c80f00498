/** What happened during the demo, as told by events and by the calls themselves. */

import type { BreakerEvent, CanaryClient, FallbackEvent, RollbackEvent } from '../../src/index.ts';

export interface Tally {
  readonly served: () => void;
  readonly lost: (error: unknown) => void;
  /** `user` was assigned to `upstream`. */
  readonly routed: (user: string, upstream: string) => void;
  readonly counts: Readonly<Counts>;
  readonly openings: readonly BreakerEvent[];
  readonly rollback: RollbackEvent | undefined;
}

interface Counts {
  served: number;
  lost: number;
  fallbacks: number;
  /** Fallbacks that cost the caller no failed attempt, since the breaker was open. */
  passedOver: number;
  /** Users whose upstream changed although no weight had. */
  unfaithful: number;
  /** Users whose upstream changed with the weights. */
  moved: number;
}

export function createTally(ai: CanaryClient): Tally {
  const counts: Counts = { served: 0, lost: 0, fallbacks: 0, passedOver: 0, unfaithful: 0, moved: 0 };
  const openings: BreakerEvent[] = [];
  const homes = new Map<string, { readonly upstream: string; readonly changes: number }>();
  let rollback: RollbackEvent | undefined;
  ai.canary.on('rollback', (event) => (rollback = event));
  ai.canary.on('breaker', (event) => event.to === 'open' && openings.push(event));
  ai.canary.on('fallback', ({ reason }: FallbackEvent) => {
    counts.fallbacks += 1;
    if (reason === 'breaker') counts.passedOver += 1;
  });
  return {
    counts,
    openings,
    get rollback() {
      return rollback;
    },
    served: () => void (counts.served += 1),
    lost: (error) => {
      counts.lost += 1;
      if (counts.lost === 1) console.error(error);
    },
    routed: (user, upstream) => {
      const changes = ai.canary.history.length;
      const home = homes.get(user);
      if (home && home.upstream !== upstream) counts[home.changes === changes ? 'unfaithful' : 'moved'] += 1;
      homes.set(user, { upstream, changes });
    },
  };
}
