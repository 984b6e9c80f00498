/** A rate or a mean, which does not exist without samples. */

/** `part / whole`; `null` when `whole` is 0. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
