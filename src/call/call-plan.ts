/** The plan of one call: its assigned upstream, the reason, and the upstreams that may serve it instead. */

import type { Plan, PlanReason, SkipReason } from '../domain/call.ts';

/** The upstream that a call is assigned to, and why. */
export interface Choice {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket?: number | undefined;
  /** The call's own order of upstreams, which its task gives. */
  readonly order?: readonly string[] | undefined;
  /** Set if the call is compared within its segment or task. */
  readonly comparison?: Comparison | undefined;
  /** The call names an id whose owner is not known: upstreams are asked in turn until one knows it. */
  readonly seeksOwner?: boolean | undefined;
}

/** A call that a segment or a task sends to the canary of a rollout, and a choice between that canary and stable. */
export interface Comparison {
  /** The canary. */
  readonly to: string;
  /** The segment or the route, which has a share of its own. */
  readonly group: object;
}

/** The upstreams after the assigned one, and those that were passed over. */
export type Others = Pick<Plan, 'upstreams' | 'skipped'>;

/** Finds the other upstreams lazily: most calls are served by the upstream that they are assigned to. */
export class CallPlan implements Plan {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket: number | undefined;
  readonly order: readonly string[] | undefined;
  readonly comparison: Comparison | undefined;
  readonly seeksOwner: boolean;
  /** Why the assigned upstream is passed over; `undefined` if it can be tried. */
  readonly refusal: SkipReason | undefined;
  /** When the plan was made. */
  readonly atMs: number;
  readonly #findOthers: (nowMs: number) => Others;
  #others: Others | undefined;

  constructor(
    { assigned, reason, bucket, order, comparison, seeksOwner = false }: Choice,
    refusal: SkipReason | undefined,
    atMs: number,
    othersAt: (nowMs: number) => Others,
  ) {
    this.assigned = assigned;
    this.reason = reason;
    this.bucket = bucket;
    this.order = order;
    this.comparison = comparison;
    this.seeksOwner = seeksOwner;
    this.refusal = refusal;
    this.atMs = atMs;
    this.#findOthers = othersAt;
  }

  get upstreams(): readonly string[] {
    const { upstreams } = this.othersAt(this.atMs);
    return this.refusal ? upstreams : [this.assigned, ...upstreams];
  }

  get skipped(): Plan['skipped'] {
    const { skipped } = this.othersAt(this.atMs);
    return this.refusal ? [{ upstream: this.assigned, reason: this.refusal }, ...skipped] : skipped;
  }

  /** The other upstreams in order, in the state that they are in at the first call of this method. */
  othersAt(nowMs: number): Others {
    return (this.#others ??= this.#findOthers(nowMs));
  }
}
