/** The contract of a store, where shared state lives: the decisions of rollouts and the commands of other processes. */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The right to write a key, held by one holder at a time. */
export interface Lease {
  /**
   * Rises with each change of the holder. It rejects writes by a holder whose lease has expired unnoticed: a fencing
   * token (Kleppmann, "How to do distributed locking", 2016).
   */
  readonly fence: number;
}

/** A message in a box (a named queue). */
export interface StoredMessage {
  /** Rises from 1 within its box, and is unique there. */
  readonly id: number;
  readonly message: Json;
}

/**
 * Small values by name, for one process or for a fleet.
 *
 * Every method may reject when the store is unavailable. Callers then continue with their last known state. No call of
 * the application waits for a store.
 */
export interface Store {
  /** Whether written values outlive the process. */
  readonly persistent: boolean;
  /** The value of a key; `undefined` if it was never written or cannot be read. */
  read(key: string): Promise<Json | undefined>;
  /**
   * Replaces the value of a key atomically. The value is durable when the promise resolves. Resolves to `false` and
   * writes nothing if another holder has leased the key since `fence` was issued.
   */
  write(key: string, value: Json, fence: number): Promise<boolean>;
  /**
   * Leases a key for `forMs` ms from now. The current holder renews its lease under the same fence. `undefined` while
   * another holder has the lease.
   */
  lease(key: string, holder: string, forMs: number): Promise<Lease | undefined>;
  /** Releases a lease early. Does nothing if `holder` does not hold it. */
  release(key: string, holder: string): Promise<void>;
  /** Adds a message to a box, which keeps the latest 100. */
  post(box: string, message: Json): Promise<void>;
  /** The messages of a box with an id above `afterId` (0 for all that are kept), oldest first. They stay in the box. */
  messages(box: string, afterId: number): Promise<readonly StoredMessage[]>;
}

/** The store key of the rollout to an upstream. */
export function rolloutKey(to: string): string {
  return `rollout:${to}`;
}
