/** What is spent, in the store: added exactly once by each process, so that budgets and costs survive restarts. */

import { randomUUID } from 'node:crypto';
import type { Budgets } from '../budgets/budgets.ts';
import type { Call } from '../domain/call.ts';
import type { Json, Store } from '../domain/store.ts';
import type { Ledger, StoredDays } from '../ledger/ledger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { addUses, type ModelPrices, type ModelUses } from '../pricing/model-prices.ts';
import { sleep, withTimeout } from '../time/wait.ts';
import {
  addDays,
  addSpent,
  type Block,
  type MoneyValue,
  moneyOf,
  hasLost,
  heldByOthers,
  restored,
  withBlock,
  withHeld,
} from './money-value.ts';

/** The store's key. */
const KEY = 'money';
/** What is spent reaches the store within this time, and what others spend is known within it, in ms. */
const EVERY_MS = 500;
/** How long a process that dies in the middle of a write keeps the others from writing. */
const LEASE_MS = 2_000;
/** How long the first calls wait for what was spent before, where a budget refuses calls. */
const FIRST_READ_MS = 250;
/** How long a call waits for its part of a limit: a process that died in the middle of a write keeps others from it for `LEASE_MS`. */
const REFILL_MS = 2_500;
/** A store that takes longer for one answer delays no call. */
const HANGING_MS = 2_000;
/** The time between two tries while another process is writing. */
const BUSY_MS = 20;
/** How often the last write is tried while other processes write, 50 ms apart. */
const MAX_ATTEMPTS = 60;
/** An operation of the store that takes longer has failed. */
const STORE_TIMEOUT_MS = 10_000;

export interface StoredMoneyParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly budgets: Budgets | undefined;
  readonly models: ModelPrices;
  readonly clock: Clock;
}

/** `undefined` without a store that outlives the process: nothing is known there that the process does not know. */
export function storeMoney({
  store,
  ...parts
}: Omit<StoredMoneyParts, 'store'> & { store: Store | undefined }): StoredMoney | undefined {
  return store?.persistent ? new StoredMoney({ store, ...parts }) : undefined;
}

export class StoredMoney {
  readonly #parts: StoredMoneyParts;
  readonly #source: string = randomUUID();
  readonly #sinceMs: number;
  /** Taken from budgets and ledger, and not yet known to be in the store. */
  #block: Block | undefined;
  #sequence = 0;
  /** The last block that is known to be in the store, and the value that it was last seen with. */
  #stored: { readonly sequence: number; readonly money: MoneyValue } | undefined;
  /** The store has lost what it had: it gets the last known value. */
  #isLost = false;
  /** What this process has added to the store itself: the rest there is of others. */
  #own: StoredDays = {};
  #ownModels: ModelUses = {};
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #first: Promise<void> | undefined;
  #refilling: Promise<void> | undefined;
  /** The store has a part of a limit that is this process's own. */
  #holds = false;
  #isAway = false;
  /** Another process was writing at the last try. */
  #isBusy = false;
  #closed = false;

  constructor(parts: StoredMoneyParts) {
    this.#parts = parts;
    this.#sinceMs = parts.clock.now();
    parts.ledger.keepUnsent();
    parts.budgets?.sharing.share();
    const first = withTimeout(this.#sync(), FIRST_READ_MS, parts.clock).catch(() => this.#goOn());
    this.#first = first.then(() => void (this.#first = undefined));
    this.#schedule();
  }

  /** Resolves when it is known what was spent before, after 250 ms at most; `undefined` once it is, or where no budget refuses calls. */
  get known(): Promise<void> | undefined {
    return this.#parts.budgets?.rejects ? this.#first : undefined;
  }

  /**
   * A promise for a call that must wait for its part of a budget's limit, which is a moment. A store that does not answer within
   * two seconds delays no further call, and what is known of the other processes stands until it answers.
   */
  refilled(call: Call, upstreams: readonly string[], body: unknown): Promise<void> | undefined {
    const { budgets } = this.#parts;
    if (!budgets || this.#closed || !budgets.waitsForSlice(call, upstreams, body)) return undefined;
    return (this.#refilling ??= this.#refill().finally(() => (this.#refilling = undefined)));
  }

  async #refill(): Promise<void> {
    const { clock, budgets } = this.#parts;
    const untilMs = clock.now() + REFILL_MS;
    // A refill that was under way may have missed the latest demand.
    for (let answers = 0; answers < 2 && budgets?.sharing.needsRefill && clock.now() < untilMs;) {
      const isHanging = await withTimeout(this.#sync(), HANGING_MS, clock).then(
        () => false,
        () => true,
      );
      if (isHanging || this.#isAway) break;
      if (this.#isBusy) await sleep(clock, BUSY_MS);
      else answers += 1;
      if (answers === 2) return;
    }
    if (budgets?.sharing.needsRefill) this.#goOn();
  }

  /** Reads what others have written, and writes what is new. Never rejects. */
  refresh(): Promise<void> {
    return this.#sync();
  }

  /** Writes what is left. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
    this.#goOn();
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
        () => this.#answered(),
        () => {
          this.#goOn();
          this.#isAway = true;
        },
      )
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #syncOnce(): Promise<void> {
    const { store, clock } = this.#parts;
    this.#isBusy = false;
    this.#block ??= this.#takeBlock();
    const work = this.#block ? this.#add(this.#block) : store.read(KEY).then((value) => this.#look(moneyOf(value)));
    await withTimeout(work, STORE_TIMEOUT_MS, clock);
  }

  #answered(): void {
    this.#isAway = false;
    if (!this.#isBusy && !this.#closed) this.#parts.budgets?.sharing.trustLastKnown(false);
  }

  /** Without the store: what is known of the other processes stands. */
  #goOn(): void {
    this.#parts.budgets?.sharing.trustLastKnown(true);
  }

  #takeBlock(): Block | undefined {
    const { budgets: spent, ledger, models: uses } = this.#parts;
    const [budgets, days, models] = [spent?.sharing.takeUnsent(), ledger.takeUnsent(), uses.takeUnsent()];
    const returns = this.#closed && this.#holds;
    if (!budgets && !days && !models && !spent?.sharing.needsRefill && !returns && !this.#isLost) return undefined;
    this.#sequence += 1;
    return { sequence: this.#sequence, budgets: budgets ?? {}, days: days ?? {}, models: models ?? {} };
  }

  /** Adds a block under a lease. A write whose end is unknown is found in the value at the next try. */
  async #add(block: Block): Promise<void> {
    const { store, budgets } = this.#parts;
    const lease = await store.lease(KEY, this.#source, LEASE_MS);
    this.#isBusy = lease === undefined;
    if (!lease) return;
    try {
      const before = this.#restored(moneyOf(await store.read(KEY)));
      const counted = withBlock(before, this.#source, block, this.#sinceMs);
      const others = Object.values(heldByOthers(counted, this.#source));
      const amounts = { spent: counted.budgets, held: others, sent: block.budgets };
      const slices = budgets?.sharing.refill(amounts, this.#closed) ?? {};
      const after = withHeld(counted, this.#source, slices);
      if (!(await store.write(KEY, after as unknown as Json, lease.fence))) return;
      budgets?.sharing.confirm(slices, block.budgets);
      this.#holds = after.held[this.#source] !== undefined;
      this.#block = undefined;
      this.#isLost = false;
      this.#stored = { sequence: block.sequence, money: after };
      this.#own = addDays(this.#own, block.days);
      this.#ownModels = addUses(this.#ownModels, block.models);
      this.#adopt(after);
    } finally {
      await store.release(KEY, this.#source);
    }
  }

  #look(money: MoneyValue | undefined): void {
    const known = this.#stored;
    this.#isLost = known !== undefined && hasLost(money, this.#source, known.sequence);
    if (this.#isLost) return;
    if (money) this.#stored = { sequence: known?.sequence ?? 0, money };
    this.#adopt(money);
  }

  #restored(money: MoneyValue | undefined): MoneyValue | undefined {
    const known = this.#stored;
    return known && hasLost(money, this.#source, known.sequence) ? restored(money, known.money) : money;
  }

  #adopt(money: MoneyValue | undefined): void {
    if (!money) return;
    const { budgets, ledger, models } = this.#parts;
    // What is on its way to the store counts as well.
    const spent = this.#block ? addSpent(money.budgets, this.#block.budgets) : money.budgets;
    budgets?.sharing.adopt(spent);
    ledger.adopt(addDays(money.days, this.#own, -1), money.sinceMs);
    models.adopt(addUses(money.models, this.#ownModels, -1));
  }
}
