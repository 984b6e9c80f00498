/** The value of the store that has what is spent, and how the blocks of processes are added to it. */

import type { SpentInPeriod } from '../budgets/budget.ts';
import type { Spent } from '../budgets/budget-sharing.ts';
import { fields, isRecord } from '../domain/json.ts';
import type { StoredDays } from '../ledger/ledger.ts';
import { addSum, emptySum } from '../ledger/sums.ts';
import { addUses, type ModelUses, mostUsed } from '../pricing/model-prices.ts';

const MAX_DAYS = 400;
/** Processes whose last block is remembered. */
const MAX_SOURCES = 100;

/** What one process adds at a time. */
export interface Block {
  /** Rises with each block of the process: the store's value names the last one that it contains. */
  readonly sequence: number;
  readonly budgets: Spent;
  readonly days: StoredDays;
  readonly models: ModelUses;
}

export interface MoneyValue {
  /** The last block of each process, the latest process at the end. */
  readonly sources: Readonly<Record<string, number>>;
  readonly sinceMs: number;
  readonly budgets: Spent;
  readonly days: StoredDays;
  readonly models: ModelUses;
  /** What each process may still spend of budgets that refuse calls, and no other process. */
  readonly held: Readonly<Record<string, Spent>>;
}

/** The value with the block of a process. A block is added once: a value that contains it stays as it is. */
export function withBlock(before: MoneyValue | undefined, source: string, block: Block, sinceMs: number): MoneyValue {
  if (before && containsBlock(before, source, block)) return before;
  const { [source]: _, ...others } = before?.sources ?? {};
  const sources = [...Object.entries(others), [source, block.sequence] as const].slice(-MAX_SOURCES);
  return {
    sources: Object.fromEntries(sources),
    sinceMs: before?.sinceMs ?? sinceMs,
    budgets: addSpent(before?.budgets ?? {}, block.budgets),
    days: latest(addDays(before?.days ?? {}, block.days)),
    models: mostUsed(addUses(before?.models ?? {}, block.models)),
    held: before?.held ?? {},
  };
}

/** The value with what one process holds. What others held in periods that are over is dropped. */
export function withHeld(value: MoneyValue, source: string, own: Spent): MoneyValue {
  const isOver = ([name, { startMs }]: readonly [string, SpentInPeriod]): boolean =>
    startMs < (own[name]?.startMs ?? 0);
  const others = Object.entries(heldByOthers(value, source)).flatMap(([other, held]) => {
    const kept = Object.entries(held).filter((entry) => !isOver(entry));
    return kept.length === 0 ? [] : [[other, Object.fromEntries(kept)] as const];
  });
  const holds = Object.values(own).some(({ spentUsd }) => Object.keys(spentUsd).length > 0);
  return { ...value, held: Object.fromEntries(holds ? [...others, [source, own] as const] : others) };
}

/** Whether the store has lost a block that a process knows to be in it. */
export function hasLost(stored: MoneyValue | undefined, source: string, sequence: number): boolean {
  if (!stored) return true;
  const kept = stored.sources[source];
  // Of many processes, only the latest are remembered.
  if (kept === undefined) return sequence > 0 && Object.keys(stored.sources).length < MAX_SOURCES;
  return kept < sequence;
}

/** A value that has lost blocks, with what a process knows of it: the greater amounts, since what is spent only grows. */
export function restored(stored: MoneyValue | undefined, known: MoneyValue): MoneyValue {
  if (!stored) return known;
  return {
    sources: { ...known.sources, ...stored.sources },
    sinceMs: Math.min(known.sinceMs, stored.sinceMs),
    budgets: moreSpent(known.budgets, stored.budgets),
    days: moreUsed(known.days, stored.days),
    models: moreUsed(known.models, stored.models),
    held: { ...known.held, ...stored.held },
  };
}

function moreSpent(one: Spent, other: Spent): Spent {
  const more: Record<string, SpentInPeriod> = { ...one };
  for (const [name, spent] of Object.entries(other)) {
    const known = more[name];
    const isSame = known?.per === spent.per && known.startMs === spent.startMs;
    if (!isSame && known && known.startMs > spent.startMs) continue;
    const spentUsd: Record<string, number> = isSame ? { ...known.spentUsd } : {};
    for (const [account, usd] of Object.entries(spent.spentUsd))
      spentUsd[account] = Math.max(usd, spentUsd[account] ?? 0);
    more[name] = { ...spent, spentUsd };
  }
  return more;
}

type Uses<Use> = Readonly<Record<string, Readonly<Record<string, Use>>>>;

function moreUsed<Use extends { readonly attempts: number }>(one: Uses<Use>, other: Uses<Use>): Uses<Use> {
  const more: Record<string, Record<string, Use>> = {};
  for (const uses of [one, other])
    for (const [name, group] of Object.entries(uses)) {
      const known = (more[name] ??= {});
      for (const [each, use] of Object.entries(group))
        if (use.attempts >= (known[each]?.attempts ?? 0)) known[each] = use;
    }
  return more;
}

export function heldByOthers({ held }: MoneyValue, source: string): MoneyValue['held'] {
  const { [source]: _, ...others } = held;
  return others;
}

function containsBlock({ sources }: MoneyValue, source: string, { sequence }: Block): boolean {
  return (sources[source] ?? 0) >= sequence;
}

export function addSpent(before: Spent, added: Spent): Spent {
  const sum: Record<string, SpentInPeriod> = { ...before };
  for (const [name, spent] of Object.entries(added)) {
    const known = sum[name];
    if (!known || known.per !== spent.per || known.startMs < spent.startMs) sum[name] = spent;
    else if (known.startMs === spent.startMs)
      sum[name] = { ...known, spentUsd: addUsd(known.spentUsd, spent.spentUsd) };
  }
  return sum;
}

function addUsd(before: SpentInPeriod['spentUsd'], added: SpentInPeriod['spentUsd']): SpentInPeriod['spentUsd'] {
  const sum: Record<string, number> = { ...before };
  for (const [name, usd] of Object.entries(added)) sum[name] = (sum[name] ?? 0) + usd;
  return sum;
}

export function addDays(before: StoredDays, added: StoredDays, sign: 1 | -1 = 1): StoredDays {
  const days: Record<string, StoredDays[string]> = { ...before };
  for (const [day, sums] of Object.entries(added)) {
    const of: Record<string, StoredDays[string][string]> = { ...days[day] };
    for (const [upstream, sum] of Object.entries(sums)) {
      const total = addSum(emptySum(), of[upstream] ?? emptySum());
      of[upstream] = addSum(total, sign === 1 ? sum : negated(sum));
    }
    days[day] = of;
  }
  return days;
}

function negated(sum: StoredDays[string][string]): StoredDays[string][string] {
  const negative = emptySum();
  for (const name of Object.keys(negative) as (keyof typeof negative)[]) negative[name] = -sum[name];
  return negative;
}

function latest(days: StoredDays): StoredDays {
  const kept = Object.entries(days)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .slice(-MAX_DAYS);
  return Object.fromEntries(kept);
}

/** The value of the store; `undefined` for anything else, also for one that was lost. */
export function moneyOf(value: unknown): MoneyValue | undefined {
  const { sources, sinceMs, budgets, days, models = {}, held = {} } = fields(value);
  if (!isRecord(sources) || typeof sinceMs !== 'number' || !isRecord(budgets) || !isRecord(days)) return undefined;
  return { ...(value as MoneyValue), models: models as ModelUses, held: held as MoneyValue['held'] };
}
