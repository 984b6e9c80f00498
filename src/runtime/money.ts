/** What calls cost and what is spent: the price lists, the models in use, and the store that both outlive the process in. */

import type { Budgets } from '../budgets/budgets.ts';
import type { Call } from '../domain/call.ts';
import type { Store } from '../domain/store.ts';
import type { Warnings } from '../events/warnings.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ModelPrices } from '../pricing/model-prices.ts';
import { PriceTable } from '../pricing/price-table.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type ModelPrice, reportPrices } from './price-report.ts';
import { type PriceSourceReader, startPriceSource } from './price-source.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import { type StoredMoney, storeMoney } from './stored-money.ts';

interface SharedMoney {
  /** Without a store that outlives the process, nothing is shared. */
  readonly store: Store | undefined;
  readonly ledger: Ledger;
  readonly budgets: Budgets | undefined;
}

type MoneyOptions = Pick<ResolvedOptions, 'priceSource' | 'clock' | 'rejectsUnpriced'>;

export class Money {
  readonly table = new PriceTable();
  readonly models = new ModelPrices();
  readonly #options: MoneyOptions;
  readonly #source: PriceSourceReader | undefined;
  #budgets: Budgets | undefined;
  #stored: StoredMoney | undefined;

  constructor(options: MoneyOptions, warnings: Warnings) {
    this.#options = options;
    this.#source = startPriceSource(options, this.table, warnings);
  }

  /** Begins to share what is spent with other processes and later ones. */
  share({ store, ...shared }: SharedMoney): void {
    this.#budgets = shared.budgets;
    this.#stored = storeMoney({ store, ...shared, models: this.models, clock: this.#options.clock });
  }

  /** Resolves when the user's price list was read; absent without one. */
  get listRead(): Promise<void> | undefined {
    return this.#source?.read;
  }

  /**
   * A promise for a call that must wait: at the start until it is known what earlier processes have spent and what calls cost, and later
   * for a part of a budget that processes share, where calls are refused for it.
   */
  known(call: Call, upstreams: readonly string[], body: unknown): Promise<void> | undefined {
    const refilled = (): Promise<void> | undefined => this.#stored?.refilled(call, upstreams, body);
    const atStart = this.#atStart;
    return atStart ? atStart.then(refilled) : refilled();
  }

  get #atStart(): Promise<void> | undefined {
    const refuses = this.#options.rejectsUnpriced || this.#budgets?.rejects === true;
    const listKnown = refuses ? this.#source?.known : undefined;
    const spentKnown = this.#stored?.known;
    return listKnown && spentKnown ? listKnown.then(() => spentKnown) : (listKnown ?? spentKnown);
  }

  async prices(upstreams: ReadonlyMap<string, Upstream>): Promise<readonly ModelPrice[]> {
    await Promise.all([this.listRead, this.#stored?.refresh()]);
    return reportPrices({ upstreams, table: this.table, uses: this.models.all, atMs: this.#options.clock.now() });
  }

  /** Resolves when everything is stored. */
  close(): Promise<void> | undefined {
    this.#source?.close();
    return this.#stored?.close();
  }
}
