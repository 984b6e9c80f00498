/** Merges the wealth of two processes. */

import { logSum } from './log-sum.ts';
import type { WealthState } from './wealth-state.ts';

/**
 * The joint wealth of two processes that continued from the same `base` with different calls.
 *
 * If neither process has been paid out of the reserve since, it is the wealth of one process that saw all calls.
 * Otherwise each alternative, with its part of the reserve, is a bet of its own, and the factors of both processes are
 * multiplied. That is an e-process too, because each call changes one factor only.
 */
export function mergeWealth(
  one: WealthState,
  other: WealthState,
  base: WealthState,
  weights: readonly number[],
): WealthState {
  const calls = one.calls + other.calls - base.calls;
  const onset = Math.max(0, (one.onset ?? 0) + (other.onset ?? 0) - (base.onset ?? 0));
  if (one.paidUntil === base.paidUntil && other.paidUntil === base.paidUntil) {
    const logs = base.logs.map((log, index) => one.logs[index]! + other.logs[index]! - log);
    return { ...base, logs, calls, onset };
  }
  const totals = base.logs.map((_log, index) => {
    const [ofOne, ofOther, ofBase] = [one, other, base].map((state) => totalOf(state, index, weights));
    return ofOne! + ofOther! - ofBase!;
  });
  const reserve = reserveWithin(totals, weights, (one.reserve * other.reserve) / (base.reserve || 1));
  const logs = totals.map((total, index) => {
    return reserve > 0 ? total + Math.log1p(-reserve * weights[index]! * Math.exp(-total)) : total;
  });
  return { logs, reserve, calls, paidUntil: Math.max(calls, one.paidUntil, other.paidUntil), onset };
}

/** ln of an alternative's wealth and its part of the reserve. */
function totalOf({ logs, reserve }: WealthState, index: number, weights: readonly number[]): number {
  return reserve > 0 ? logSum([logs[index]!, Math.log(reserve * weights[index]!)]) : logs[index]!;
}

/** An alternative can reserve at most half of its wealth. */
function reserveWithin(totals: readonly number[], weights: readonly number[], target: number): number {
  const most = totals.map((total, index) => Math.exp(total) / weights[index]! / 2);
  return Math.min(target, ...most);
}
