/** Where shared state lives: what a rollout decided, and what others ask of it. */

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The right to write, given to one holder at a time. */
export interface Lease {
  /**
   * Rises with each change of the holder. A writer that lost its lease without knowing it is told apart by it: a fencing token
   * (Kleppmann, "How to do distributed locking", 2016).
   */
  readonly fence: number;
}

/** A message in a box. */
export interface StoredMessage {
  /** Rises from 1 within its box; no two messages have the same. */
  readonly id: number;
  readonly message: Json;
}

/**
 * Small values by name, for one process or for a fleet. Every method may reject, when the store is away: whoever asks goes on with
 * what it knows. Nothing of a store is awaited by a call.
 */
export interface Store {
  /** Whether what is written outlives the process. */
  readonly persistent: boolean;
  /** `undefined` where nothing was written, or nothing that can be read. */
  read(key: string): Promise<Json | undefined>;
  /**
   * Takes the place of what was there, whole or not at all; it is there to stay when the promise resolves. `false`, and nothing is
   * written, where somebody else has had the lease of this key since `fence` was given.
   */
  write(key: string, value: Json, fence: number): Promise<boolean>;
  /**
   * The lease of a key for `forMs` from now; anew, with the same fence, for who holds it already. `undefined` while another does.
   */
  lease(key: string, holder: string, forMs: number): Promise<Lease | undefined>;
  /** Gives a lease back before its time; nothing happens where `holder` does not hold it. */
  release(key: string, holder: string): Promise<void>;
  /** Puts a message into a box. The latest 100 are kept. */
  post(box: string, message: Json): Promise<void>;
  /** The messages of a box after the one with this id (0: all that are kept), oldest first. They stay in the box. */
  messages(box: string, afterId: number): Promise<readonly StoredMessage[]>;
}

/** Where a rollout is kept. */
export function rolloutKey(to: string): string {
  return `rollout:${to}`;
}
