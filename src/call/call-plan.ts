/** The plan of one call: whom it is for, and who may serve it else. */

import type { Plan, PlanReason, SkipReason } from '../domain/plan.ts';

/** Whom a call is for, and why. */
export interface Choice {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket?: number | undefined;
}

/** Most calls are served by the upstream that they are for: the others are looked at only where somebody asks for them. */
export class CallPlan implements Plan {
  readonly assigned: string;
  readonly reason: PlanReason;
  readonly bucket: number | undefined;
  /** Why the assigned upstream cannot be asked now; `undefined` where it can. */
  readonly refusal: SkipReason | undefined;
  /** When it was made. */
  readonly atMs: number;
  readonly #findOthers: (nowMs: number) => Others;
  #others: Others | undefined;

  constructor(
    { assigned, reason, bucket }: Choice,
    refusal: SkipReason | undefined,
    atMs: number,
    findOthers: (nowMs: number) => Others,
  ) {
    this.assigned = assigned;
    this.reason = reason;
    this.bucket = bucket;
    this.refusal = refusal;
    this.atMs = atMs;
    this.#findOthers = findOthers;
  }

  get upstreams(): readonly string[] {
    const { upstreams } = this.othersAt(this.atMs);
    return this.refusal ? upstreams : [this.assigned, ...upstreams];
  }

  get skipped(): Plan['skipped'] {
    const { skipped } = this.othersAt(this.atMs);
    return this.refusal ? [{ upstream: this.assigned, reason: this.refusal }, ...skipped] : skipped;
  }

  /** Those after the assigned one, in order, as they are when they are first asked for. */
  othersAt(nowMs: number): Others {
    return (this.#others ??= this.#findOthers(nowMs));
  }
}

/** Who can be asked now, and who was passed over. */
export type Others = Pick<Plan, 'upstreams' | 'skipped'>;
