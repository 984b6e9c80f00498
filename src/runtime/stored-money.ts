/** What is spent, in the store: added exactly once by each process, so that budgets and costs survive restarts. */

import { randomUUID } from 'node:crypto';
import type { SpentInPeriod } from '../budgets/budget.ts';
import type { Budgets } from '../budgets/budgets.ts';
import { fields, isRecord } from '../domain/json.ts';
import type { Json, Store } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Ledger, StoredDays } from '../ledger/ledger.ts';
import { addSum, emptySum } from '../ledger/sums.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';

/** The store's key. */
const KEY = 'money';
/** What is spent reaches the store within this time, and what others spend is known within it, in ms. */
const EVERY_MS = 500;
/** How long a process that dies in the middle of a write keeps the others from writing. */
const LEASE_MS = 2_000;
/** How long the first calls wait for what was spent before, where a budget refuses calls. */
const FIRST_READ_MS = 250;
/** How often the last write is tried while other processes write, 50 ms apart. */
const MAX_ATTEMPTS = 60;
/** An operation of the store that takes longer has failed. */
const STORE_TIMEOUT_MS = 10_000;
const MAX_DAYS = 400;
/** Processes whose last block is remembered. */
const MAX_SOURCES = 100;

export interface StoredMoneyParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly budgets: Budgets | undefined;
  readonly clock: Clock;
  /** Absent where something else warns of the store. */
  readonly warnings: Warnings | undefined;
}

/** `undefined` without a store that outlives the process: nothing is known there that the process does not know. */
export function storeMoney({
  store,
  ...parts
}: Omit<StoredMoneyParts, 'store'> & { store: Store | undefined }): StoredMoney | undefined {
  return store?.persistent ? new StoredMoney({ store, ...parts }) : undefined;
}

/** What one process adds at a time. */
interface Block {
  /** Rises with each block of the process: the store's value names the last one that it contains. */
  readonly sequence: number;
  readonly budgets: Spent;
  readonly days: StoredDays;
}

type Spent = Readonly<Record<string, SpentInPeriod>>;

/** The value in the store. */
interface Money {
  /** The last block of each process, the latest process at the end. */
  readonly sources: Readonly<Record<string, number>>;
  readonly sinceMs: number;
  readonly budgets: Spent;
  readonly days: StoredDays;
}

export class StoredMoney {
  readonly #parts: StoredMoneyParts;
  readonly #source: string = randomUUID();
  readonly #sinceMs: number;
  /** Taken from budgets and ledger, and not yet known to be in the store. */
  #block: Block | undefined;
  #sequence = 0;
  /** What this process has added to the store itself: the rest there is of others. */
  #own: StoredDays = {};
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #first: Promise<void> | undefined;
  #isAway = false;
  #timesAway = 0;
  /** Another process was writing at the last try. */
  #isBusy = false;
  #closed = false;

  constructor(parts: StoredMoneyParts) {
    this.#parts = parts;
    this.#sinceMs = parts.clock.now();
    parts.ledger.keepUnsent();
    const first = withTimeout(this.#sync(), FIRST_READ_MS, parts.clock).catch(() => undefined);
    this.#first = first.then(() => void (this.#first = undefined));
    this.#schedule();
  }

  /** Resolves when it is known what was spent before, after 250 ms at most; `undefined` once it is, or where no budget refuses calls. */
  get known(): Promise<void> | undefined {
    return this.#parts.budgets?.rejects ? this.#first : undefined;
  }

  /** Writes what is left. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      await this.#sync();
      if (!this.#isBusy) return;
      await new Promise<void>((resolve) => void this.#parts.clock.setTimeout(resolve, 50, { keepAlive: true }));
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    const held = new WeakRef(this);
    this.#timer = this.#parts.clock.setTimeout(() => {
      const alive = held.deref();
      if (alive) void alive.#sync().then(() => alive.#schedule());
    }, EVERY_MS);
  }

  /** One at a time. */
  #sync(): Promise<void> {
    this.#running ??= this.#syncOnce()
      .then(
        () => void (this.#isAway = false),
        (error: unknown) => this.#warn(error),
      )
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #syncOnce(): Promise<void> {
    const { store, clock } = this.#parts;
    this.#block ??= this.#takeBlock();
    const work = this.#block ? this.#add(this.#block) : store.read(KEY).then((value) => this.#adopt(moneyOf(value)));
    await withTimeout(work, STORE_TIMEOUT_MS, clock);
  }

  /** Once each time that the store stops answering. */
  #warn(error: unknown): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#timesAway += 1;
    const { warnings, clock } = this.#parts;
    const message = `The store does not take what is spent (${errorName(error)}); it is kept until the store answers`;
    warnings?.once(`money ${this.#timesAway}`, { code: 'store', message, atMs: clock.now() });
  }

  #takeBlock(): Block | undefined {
    const { budgets: spent, ledger } = this.#parts;
    const budgets = spent?.takeUnsent();
    const days = ledger.takeUnsent();
    if (!budgets && !days) return undefined;
    this.#sequence += 1;
    return { sequence: this.#sequence, budgets: budgets ?? {}, days: days ?? {} };
  }

  /** Adds a block under a lease. A write whose end is unknown is found in the value at the next try. */
  async #add(block: Block): Promise<void> {
    const { store } = this.#parts;
    this.#isBusy = false;
    const lease = await store.lease(KEY, this.#source, LEASE_MS);
    this.#isBusy = lease === undefined;
    if (!lease) return;
    try {
      const before = moneyOf(await store.read(KEY));
      const isIn = (before?.sources[this.#source] ?? 0) >= block.sequence;
      const after = isIn && before ? before : this.#merged(before, block);
      if (!isIn && !(await store.write(KEY, after as unknown as Json, lease.fence))) return;
      this.#block = undefined;
      this.#own = addDays(this.#own, block.days);
      this.#adopt(after);
    } finally {
      await store.release(KEY, this.#source);
    }
  }

  #merged(before: Money | undefined, { sequence, budgets, days }: Block): Money {
    const { [this.#source]: _, ...others } = before?.sources ?? {};
    const sources = [...Object.entries(others), [this.#source, sequence] as const].slice(-MAX_SOURCES);
    return {
      sources: Object.fromEntries(sources),
      sinceMs: before?.sinceMs ?? this.#sinceMs,
      budgets: addSpent(before?.budgets ?? {}, budgets),
      days: latest(addDays(before?.days ?? {}, days)),
    };
  }

  #adopt(money: Money | undefined): void {
    if (!money) return;
    const { budgets, ledger } = this.#parts;
    // What is on its way to the store counts as well.
    const spent = this.#block ? addSpent(money.budgets, this.#block.budgets) : money.budgets;
    budgets?.adopt(spent);
    ledger.adopt(addDays(money.days, this.#own, -1), money.sinceMs);
  }
}

function addSpent(before: Spent, added: Spent): Spent {
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

function addDays(before: StoredDays, added: StoredDays, sign: 1 | -1 = 1): StoredDays {
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
function moneyOf(value: unknown): Money | undefined {
  const { sources, sinceMs, budgets, days } = fields(value);
  if (!isRecord(sources) || typeof sinceMs !== 'number' || !isRecord(budgets) || !isRecord(days)) return undefined;
  return value as Money;
}
