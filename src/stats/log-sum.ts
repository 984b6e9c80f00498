/** Sums of numbers that are stored as logarithms. */

/** ln Σ exp(log), without overflow. */
export function logSum(logs: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < logs.length; index++) most = Math.max(most, logs[index]!);
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (let index = 0; index < logs.length; index++) sum += Math.exp(logs[index]! - most);
  return most + Math.log(sum);
}
