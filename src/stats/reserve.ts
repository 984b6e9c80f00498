/**
 * How a reserve is paid in: evenly over the logarithm of the number of calls, because the start of a regression is
 * unknown.
 */

/**
 * The part of a reserve that is left after this many calls; it falls from 1 towards 0.
 *
 * A regression that begins after n calls then meets about 1/(16·n) of the reserve per call. A schedule of 1/ln n would
 * forgo five times as much at 20,000 calls. The optimal schedule, a prior of 1/n, costs a logarithm of the horizon.
 * Beyond 10⁷ calls a tenth is left and falls as 1/ln n.
 */
export function reserveLeft(calls: number): number {
  if (calls < HORIZON_CALLS) return 1 - (1 - KEPT) * (Math.log1p(calls) / Math.log1p(HORIZON_CALLS));
  return KEPT * (Math.log(HORIZON_CALLS) / Math.log(calls));
}

const HORIZON_CALLS = 1e7;
const KEPT = 0.1;
