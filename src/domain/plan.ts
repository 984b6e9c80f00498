/** Which upstreams serve a call, in order, and why. */

/** What decided on the first upstream; `disabled` is the kill switch, `CANARY_DISABLED=1`. */
export type PlanReason =
  'forced' | 'toolRun' | 'affinity' | 'notPortable' | 'segment' | 'task' | 'rollout' | 'split' | 'stable' | 'disabled';

/** Why an upstream that stood in the plan was not asked. */
export type SkipReason =
  'breaker' | 'rateLimit' | 'quota' | 'auth' | 'limit' | 'budget' | 'model' | 'capability' | 'cost' | 'price';

/** The ordered upstreams of one call. */
export interface Plan {
  /** The upstream that the rules chose, before anything was passed over. */
  readonly assigned: string;
  /** Those that can be asked now, in the order in which they are tried. Empty if none can: then the one that can soonest is tried. */
  readonly upstreams: readonly string[];
  readonly reason: PlanReason;
  /** In [0, 1); absent when no split was consulted. */
  readonly bucket: number | undefined;
  /** Passed over, and why. */
  readonly skipped: readonly { readonly upstream: string; readonly reason: SkipReason }[];
}
