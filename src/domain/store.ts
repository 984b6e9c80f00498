/** The contract of a store, where shared state lives: decisions of rollouts, commands and counts of other processes. */

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

/** A message in a box or a log. */
export interface StoredMessage {
  /** A positive number that rises within its box or log, and is unique there. */
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
  /**
   * How long a process that has died leads its rollouts, in ms. A shorter lease is renewed more often.
   * @default 10_000
   */
  readonly leaseMs?: number | undefined;
  /**
   * The value of a key; `undefined` if it was never written. A store that knows that it has lost its values returns
   * `{ lost: reason }` for each key that has not been written since.
   */
  read(key: string): Promise<Json | undefined>;
  /** The keys that start with `prefix` and have a value, sorted. */
  keys(prefix: string): Promise<readonly string[]>;
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
  /**
   * Adds a block to a log, exactly once: nothing changes if its source has already added one with this or a higher
   * sequence number. A log keeps the latest 10,000 blocks.
   */
  addBlock(log: string, block: SourceBlock): Promise<void>;
  /** The blocks of a log with an id above `afterId` (0 for all that are kept), oldest first. */
  blocks(log: string, afterId: number): Promise<readonly StoredMessage[]>;
  /** Removes the blocks of a log with an id up to `throughId`. Ids are not used again. */
  dropBlocks(log: string, throughId: number): Promise<void>;
  /**
   * Keeps short texts by key for `forMs` ms, apart from the values of `write`. The store may forget the oldest of many earlier. Optional:
   * without it and `recall`, the owners of response ids are known in one process only.
   */
  remember?(texts: Readonly<Record<string, string>>, forMs: number): Promise<void>;
  /** What `remember` keeps under these keys, in their order. */
  recall?(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /**
   * Grants parts of limits that all processes share, in one atomic step. The answers have the order of the requests. Optional: without it
   * each process has the limits of its upstreams for itself.
   */
  takeParts?(requests: readonly PartRequest[]): Promise<readonly PartGrant[]>;
  /**
   * Calls `listener` with the key or the box whenever any process has written or posted to it, until the returned function is called.
   * Notices may be lost: the store is read every two seconds as well. Optional.
   */
  subscribe?: ((listener: (key: string) => void) => () => void) | undefined;
}

/** A block of counts from one process. */
export interface SourceBlock {
  /** Identifies the process. */
  readonly source: string;
  /** Rises with each block of the source. */
  readonly sequence: number;
  readonly message: Json;
}

/**
 * What a process asks of a limit that all processes share. It uses only what it holds, so that all of them together never use more than the
 * limit. All amounts are whole numbers.
 */
export interface PartRequest {
  /** The name of the limit. */
  readonly name: string;
  /** Identifies the process. */
  readonly source: string;
  /** The most that all processes may have used within the window and may hold, in all. */
  readonly limit: number;
  /** How long a used amount counts, in whole seconds as ms, from the request that reports it; 0 for a limit of what is held at a time. */
  readonly windowMs: number;
  /** What the process has used since it began. The store counts the increase since the last request of the process. */
  readonly total: number;
  /** What the process has used within the window. It counts instead of `total` if the store does not know the process, or has lost it. */
  readonly recent: number;
  /** What the process keeps of the part that it holds. */
  readonly keeps: number;
  /** What it wants to hold in addition. */
  readonly wants: number;
  /** The smallest addition that is of use. */
  readonly least: number;
  /** How long the part is held without another request, in ms; then it counts as used. 0 ends the membership of the process at once. */
  readonly forMs: number;
}

/** The part of a limit that a process holds from now on. */
export interface PartGrant {
  /** What the process kept, plus an addition: as many as it wants, but no more than its share of what is free, or the least of use. */
  readonly held: number;
  /** What is still free of the limit after that. */
  readonly free: number;
  /** The processes that share the limit. */
  readonly processes: number;
  /** The time until a used amount ceases to count, in ms; `undefined` where all was granted that the process wants, or nothing used counts. */
  readonly freeInMs: number | undefined;
}

/** The shared store, as this process sees it. */
export type StoreSnapshot = StoreAnswers & {
  /** Operations that the store has not answered yet. */
  readonly pending: number;
  /** Samples of rollouts that wait in memory until the store has them. */
  readonly unsentSamples: number;
  /** Samples of rollouts that were dropped since the client was created, because more than 250,000 waited. */
  readonly lostSamples: number;
  /** The canaries whose rollouts this process leads. Of all processes that share the store, one leads each rollout. */
  readonly leads: readonly string[];
};

/**
 * How the store answers. Times are in ms; `sinceMs` is since the Unix epoch.
 *
 * - `connecting`: it has not answered yet.
 * - `slow`: the last answer took more than a second, or an operation has waited that long.
 * - `away`: it refuses operations, or has not answered for ten seconds.
 */
export type StoreAnswers =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' | 'slow'; readonly sinceMs: number; readonly answerMs: number }
  | { readonly state: 'away'; readonly sinceMs: number; readonly reason: string };

/** The store key of the kill switch: `true` sends the calls of all processes to stable, until it is `false`. */
export const DISABLED_KEY = 'disabled';

/** The store key of the rollout to an upstream. */
export function rolloutKey(to: string): string {
  return `rollout:${to}`;
}

/**
 * Calls `notice(target, key)` for each change that the store tells of, until the returned function is called. The target is held weakly, so
 * that a client that is not closed can be garbage-collected.
 */
export function listenTo<T extends object>(
  store: Store,
  target: T,
  notice: (target: T, key: string) => void,
): () => void {
  const held = new WeakRef(target);
  let stop: (() => void) | undefined;
  try {
    stop = store.subscribe?.((key) => {
      const alive = held.deref();
      if (alive) notice(alive, key);
      else stop?.();
    });
  } catch {
    // Changes are seen by polling.
  }
  return () => stop?.();
}
