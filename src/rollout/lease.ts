/** Keeps a rollout in the store. One process at a time holds the lease and leads the rollout; the others follow. */

import { type Json, listenTo, rolloutKey } from '../domain/store.ts';
import type { Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import { commandBox } from './command.ts';
import { LeaderInbox, type LeaderInboxParts } from './leader-inbox.ts';
import type { CountedSample, SampledRun, UnsentSamples } from './sample-blocks.ts';
import { StoreQueue } from './store-queue.ts';
import { type ReadRollout, readRollout, type RolloutMemory, type StoreCursors, toStored } from './stored-rollout.ts';

export interface RolloutLeaseParts extends LeaderInboxParts {
  readonly clock: Clock;
  readonly warnings: Warnings;
  /** `undefined` while there is nothing that should be written. */
  readonly memory: () => RolloutMemory | undefined;
  /** Continues from what the store has. Must not throw. */
  readonly adopt: (read: ReadRollout) => void;
}

/**
 * What this process may do with the rollout.
 *
 * - `leads`: its lease is in force by its own clock. It may do anything.
 * - `follows`: another process leads, and this one sends it what it has counted.
 * - `cutOff`: it cannot show that its lease is in force, or the store does not answer. It may roll back or hold.
 */
export type Standing = 'leads' | 'follows' | 'cutOff';

/** How a write of a decision ended: `refused` by a newer lease, or `failed` because the store did not answer. */
export type WriteEnd = 'written' | 'refused' | 'failed';

/** A process that has died keeps the lease for this long, unless the store has another time. */
const LEASE_MS = 10_000;
/** A lease is renewed after this share of its time. */
const RENEWED_AFTER = 0.3;
/** How long the other processes leave an emptied store to the process that led, which knows most. */
const YIELD_MS = 3_000;
/** How often evidence is written, in ms. Decisions are written at once. */
const WRITE_EVERY_MS = 5_000;

export class RolloutLease {
  readonly #parts: RolloutLeaseParts;
  readonly #key: string;
  readonly #leaseMs: number;
  readonly #inbox: LeaderInbox;
  #fence: number | undefined;
  /** When the lease was last asked for with success, by the clock of this process. */
  #leasedAtMs = -Infinity;
  #writtenAtMs = -Infinity;
  readonly #queue: StoreQueue;
  #syncing = false;
  /** The store has changed during a sync. */
  #isStale = false;
  #closed = false;
  /** The last known state is that of the store, as another process wrote it. */
  #hasFollowed = false;
  /** When this process, which has followed, may lead although the store has lost its values. */
  #mayRefillAtMs: number | undefined;
  readonly #stopListening: () => void;

  constructor(parts: RolloutLeaseParts) {
    this.#parts = parts;
    this.#queue = new StoreQueue(parts.clock);
    this.#key = rolloutKey(parts.policy.to);
    this.#inbox = new LeaderInbox(parts);
    this.#leaseMs = parts.store.leaseMs ?? LEASE_MS;
    this.#stopListening = listenTo(parts.store, this, (lease, key) => lease.#noticed(key));
  }

  get standing(): Standing {
    // Counted from before the store was asked, so that the lease ends here no later than in the store.
    if (this.#fence === undefined) return this.#queue.isAway ? 'cutOff' : 'follows';
    return this.#parts.clock.now() - this.#leasedAtMs < this.#leaseMs ? 'leads' : 'cutOff';
  }

  get unsent(): UnsentSamples {
    return this.#inbox.unsent;
  }

  /** Called every second; runs in the background. */
  tick(): void {
    if (this.#syncing || this.#closed) return;
    this.#syncing = true;
    this.#isStale = false;
    const synced = (): void => void (this.#syncing = false);
    this.#enqueue(async () => {
      await this.#sync();
      synced();
      if (this.#isStale) this.tick();
    }, synced);
  }

  /** The state is of interest to those that follow, and a command to the process that leads. */
  #noticed(key: string): void {
    if (key !== (this.#fence === undefined ? this.#key : commandBox(this.#parts.policy.to))) return;
    this.#isStale = this.#syncing;
    this.tick();
  }

  /** Keeps a sample of this process until the store has it. The process has counted it itself. */
  sampled(of: SampledRun, sample: CountedSample): void {
    this.#inbox.add(of, sample);
  }

  /** Writes a decision, then calls `done` once. */
  save(memory: RolloutMemory, done: (end: WriteEnd) => void): void {
    let isDone = false;
    const finish = (end: WriteEnd): void => {
      if (!isDone) done(end);
      isDone = true;
    };
    const cursors = this.#inbox.cursorsNow();
    this.#enqueue(
      async () => finish((await this.#write(memory, cursors)) ? 'written' : 'refused'),
      () => finish('failed'),
    );
  }

  /** Leaves a command for the process that holds the lease. */
  post(message: Json): void {
    this.#enqueue(() => this.#inbox.post(message));
  }

  /** Reads the store again at the next tick. */
  forget(): void {
    this.#fence = undefined;
  }

  /** Writes the state and releases the lease. Resolves when that is done, or when the store has failed to answer. */
  close(): Promise<unknown> {
    if (!this.#closed) {
      this.#closed = true;
      this.#stopListening();
      this.#enqueue(async () => {
        if (this.#fence !== undefined) await this.#writeNow();
        if (this.#fence === undefined) await this.#inbox.send();
        await this.#parts.store.release(this.#key, this.#parts.holder);
      });
    }
    return this.#queue.idle;
  }

  async #sync(): Promise<void> {
    const { clock } = this.#parts;
    const isFresh = this.#fence !== undefined && clock.now() - this.#leasedAtMs < this.#leaseMs * RENEWED_AFTER;
    if (!isFresh) await this.#acquire();
    if (this.#fence === undefined) return this.#inbox.send();
    await this.#inbox.read();
    if (clock.now() - this.#writtenAtMs >= WRITE_EVERY_MS) await this.#writeNow();
  }

  /** Renews the lease, or takes it and what the store has; while another process holds it, only the latter. */
  async #acquire(): Promise<void> {
    const { store, holder, clock, adopt } = this.#parts;
    const askedAtMs = clock.now();
    const { timesAway } = this.#queue;
    let lease = await store.lease(this.#key, holder, this.#leaseMs);
    if (timesAway !== this.#queue.timesAway) return;
    if (lease && lease.fence === this.#fence) {
      this.#leasedAtMs = askedAtMs;
      return;
    }
    const led = this.#fence !== undefined;
    this.#fence = undefined;
    const stored = await store.read(this.#key);
    if (lease && this.#yields(stored)) {
      await store.release(this.#key, holder);
      lease = undefined;
    }
    // An answer that comes after the time limit is old.
    if (timesAway !== this.#queue.timesAway) return;
    this.#leasedAtMs = askedAtMs;
    this.#fence = lease?.fence;
    if (led && !lease) this.#warnOfDemotion();
    const read = readRollout(stored);
    await this.#inbox.adopt(read);
    if (read.kind === 'rollout') this.#hasFollowed = !lease;
    adopt(read);
    this.#inbox.settle();
    // Where the store has nothing, the state is that of this process, which includes them.
    if (lease && read.kind === 'rollout') this.#inbox.countOwn();
  }

  /** A store that has lost its values is filled by the process that led, and after a time by any that knows the state. */
  #yields(stored: Json | undefined): boolean {
    const isEmptied = stored === undefined && this.#hasFollowed;
    if (!isEmptied) this.#mayRefillAtMs = undefined;
    else this.#mayRefillAtMs ??= this.#parts.clock.now() + YIELD_MS;
    return this.#mayRefillAtMs !== undefined && this.#parts.clock.now() < this.#mayRefillAtMs;
  }

  async #writeNow(): Promise<void> {
    const memory = this.#parts.memory();
    if (memory) await this.#write(memory, this.#inbox.cursorsNow());
  }

  /** The store refuses the write if another process has been given the lease since. */
  async #write(memory: RolloutMemory, cursors: StoreCursors): Promise<boolean> {
    const { store, policy, clock } = this.#parts;
    if (this.#fence === undefined) return false;
    const written = await store.write(this.#key, toStored({ policy, memory, cursors }), this.#fence);
    if (!written) {
      this.#fence = undefined;
      this.#warnOfDemotion();
      return false;
    }
    this.#writtenAtMs = clock.now();
    await this.#inbox.written(cursors);
    return true;
  }

  #enqueue(work: () => Promise<unknown>, failed?: () => void): void {
    this.#queue.add(work, () => {
      this.#writtenAtMs = -Infinity;
      failed?.();
    });
  }

  #warnOfDemotion(): void {
    const { warnings, clock, policy } = this.#parts;
    const message = `This process no longer leads the rollout to ${policy.to}: another process has taken the lease`;
    warnings.once(`${message} ${clock.now()}`, { code: 'rollout', message, atMs: clock.now() });
  }
}
