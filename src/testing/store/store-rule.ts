/** One rule of the contract of a store. */

import type { Store } from '../../domain/store.ts';

/** An empty store to be tested. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Lets `ms` milliseconds pass on the clock that ends the leases of the store. */
  readonly advance: (ms: number) => void | Promise<void>;
}

/** One rule of the contract. */
export interface StoreRule {
  readonly name: string;
  readonly check: (tested: StoreUnderTest) => Promise<void>;
}
