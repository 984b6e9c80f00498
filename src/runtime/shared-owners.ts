/** Shares the owners of ids with other processes and with later ones, through the store. */

import type { Call } from '../domain/call.ts';
import { hashKey } from '../domain/hash-key.ts';
import type { Store } from '../domain/store.ts';
import type { Affinity } from '../routing/affinity.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';

/** OpenAI deletes stored responses after 30 days (https://platform.openai.com/docs/guides/conversation-state). */
const KEPT_MS = 30 * 24 * 3_600_000;
/** The longest that a call waits for the store to find an owner. The other upstreams can be asked as well. */
const LOOK_UP_MS = 250;
/** The time between two batches. The first owner after a pause is written at once. */
const BATCH_MS = 1_000;
/** How long a store that failed is left alone. */
const RETRY_MS = 5_000;
/** A write that takes longer has failed. */
const STORE_TIMEOUT_MS = 10_000;
/** Owners that wait for a store that is away. */
const MAX_WAITING = 10_000;

export interface SharedOwnersInput {
  readonly affinity: Affinity;
  /** Without a store, or with one that keeps no owners, they are known in this process only. */
  readonly store: Store | undefined;
  readonly clock: Clock;
  readonly warn: (error: unknown) => void;
}

/** The owners that this process knows, backed by the store. Writes are batched, and no call waits for them. */
export class SharedOwners {
  readonly #affinity: Affinity;
  readonly #store: Required<Pick<Store, 'remember' | 'recall'>> | undefined;
  readonly #clock: Clock;
  readonly #warn: (error: unknown) => void;
  /** By hash, since ids and items do not leave the process. */
  #waiting = new Map<string, string>();
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #leaveAloneUntilMs = 0;
  #closed = false;

  constructor({ affinity, store, clock, warn }: SharedOwnersInput) {
    this.#affinity = affinity;
    this.#store = canKeepOwners(store) ? store : undefined;
    this.#clock = clock;
    this.#warn = warn;
  }

  remember(id: string, upstream: string): void {
    if (this.#affinity.ownerOf(id) === upstream) return;
    this.#affinity.remember(id, upstream);
    if (!this.#store) return;
    this.#waiting.set(hashKey(id), upstream);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    if (!this.#timer && !this.#writing) this.#write();
  }

  /**
   * Looks for the first of these ids that the store knows, and remembers its owner. `undefined` if there is nothing to wait for: an owner
   * is known, or the store cannot help.
   */
  lookUp(ids: readonly string[]): Promise<void> | undefined {
    const store = this.#store;
    if (!store || ids.length === 0 || this.#clock.now() < this.#leaveAloneUntilMs) return undefined;
    if (ids.some((id) => this.#affinity.ownerOf(id) !== undefined)) return undefined;
    return this.#recall(store, ids);
  }

  /** Looks for the owner of what the call refers to. */
  lookUpFor({ ownedId, sealedItems, forcedUpstream }: Call): Promise<void> | undefined {
    if (forcedUpstream !== undefined) return undefined;
    if (ownedId !== undefined) return this.lookUp([ownedId]);
    return sealedItems && this.lookUp(sealedItems);
  }

  /** Writes what waits, and stops the timer. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
    if (this.#waiting.size > 0) await this.#writeNow();
  }

  async #recall(store: Required<Pick<Store, 'recall'>>, ids: readonly string[]): Promise<void> {
    let timer: Timer | undefined;
    const timeout = new Promise<'late'>((resolve) => {
      timer = this.#clock.setTimeout(() => resolve('late'), LOOK_UP_MS);
    });
    try {
      const owners = await Promise.race([store.recall(ids.map(hashKey)), timeout]);
      if (owners === 'late') return this.#failed(new Error(`no answer within ${LOOK_UP_MS} ms`));
      ids.forEach((id, index) => {
        const owner = owners[index];
        if (typeof owner === 'string') this.#affinity.remember(id, owner);
      });
    } catch (error) {
      this.#failed(error);
    } finally {
      timer?.cancel();
    }
  }

  #write(): void {
    this.#writing = this.#writeBatch();
  }

  async #writeBatch(): Promise<void> {
    // What arrives in the same answer goes into the same batch.
    await Promise.resolve();
    const written = await this.#writeNow();
    this.#writing = undefined;
    if (!this.#closed) this.#timer = this.#clock.setTimeout(() => this.#timeIsUp(), written ? BATCH_MS : RETRY_MS);
  }

  #timeIsUp(): void {
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#write();
  }

  /** Resolves to `false` if the store failed: the batch then waits for the next write. */
  async #writeNow(): Promise<boolean> {
    const batch = this.#waiting;
    this.#waiting = new Map();
    try {
      if (this.#store)
        await withTimeout(this.#store.remember(Object.fromEntries(batch), KEPT_MS), STORE_TIMEOUT_MS, this.#clock);
      return true;
    } catch (error) {
      for (const [id, upstream] of this.#waiting) batch.set(id, upstream);
      this.#waiting = batch;
      this.#failed(error);
      return false;
    }
  }

  #failed(error: unknown): void {
    this.#leaveAloneUntilMs = this.#clock.now() + RETRY_MS;
    this.#warn(error);
  }
}

function canKeepOwners(store: Store | undefined): store is Store & Required<Pick<Store, 'remember' | 'recall'>> {
  return store?.remember !== undefined && store.recall !== undefined;
}
