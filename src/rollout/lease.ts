/** Keeps a rollout in the store. One process at a time holds the lease and leads the rollout; the others follow. */

import type { RolloutDecision, RolloutState } from '../domain/rollout.ts';
import { type Json, rolloutKey, type Store } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';
import type { JudgedCallsState } from './evidence.ts';
import { fingerprintOf, type RolloutPolicy } from './resolve-rollouts.ts';
import type { RolloutEvent } from './transition.ts';

/** Everything that a rollout needs to continue after a restart. */
export interface RolloutMemory {
  readonly state: RolloutState;
  readonly heldMs: number;
  readonly calls: JudgedCallsState;
  readonly history: readonly RolloutDecision[];
}

/** A rollout from the store. If its options differ from the current ones, only the end of a finished rollout remains valid. */
export interface StoredRollout {
  readonly memory: Pick<RolloutMemory, 'state' | 'history'> & Partial<RolloutMemory>;
  /** The id of the last executed command. */
  readonly lastMessage: number;
}

export interface RolloutLeaseParts {
  readonly store: Store;
  readonly policy: RolloutPolicy;
  readonly clock: Clock;
  readonly warnings: Warnings;
  /** Identifies this process among those that share the store. */
  readonly holder: string;
  readonly memory: () => RolloutMemory;
  /** Continues from the stored rollout; `undefined` if the store is empty, or has a rollout under other options. */
  readonly adopt: (stored: StoredRollout | undefined) => void;
  /** Carries out a command from the store. Must not throw. */
  readonly command: (message: Json) => void;
}

/** A process that has died keeps the lease for this long. */
const LEASE_MS = 10_000;
/** How often the lease is renewed. */
const RENEW_EVERY_MS = 3_000;
/** A store that does not answer for this long counts as unavailable, and decisions take effect without it. */
const STORE_TIMEOUT_MS = 10_000;
/** How often evidence is written, in ms. Decisions are written at once. */
const WRITE_EVERY_MS = 5_000;

export class RolloutLease {
  readonly #parts: RolloutLeaseParts;
  readonly #key: string;
  readonly #commandBox: string;
  #fence: number | undefined;
  #lastMessage = 0;
  #leasedAtMs = -Infinity;
  #writtenAtMs = -Infinity;
  /** The last queued operation: operations on the store run one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #syncing = false;
  #closed = false;

  constructor(parts: RolloutLeaseParts) {
    this.#parts = parts;
    this.#key = rolloutKey(parts.policy.to);
    this.#commandBox = commandBox(parts.policy.to);
  }

  /** Whether this process holds the lease. `false` until the store has answered. */
  get leads(): boolean {
    return this.#fence !== undefined;
  }

  /** Called every second; runs in the background. */
  tick(): void {
    if (this.#syncing || this.#closed) return;
    this.#syncing = true;
    const synced = (): void => void (this.#syncing = false);
    this.#enqueue(() => this.#sync().then(synced), synced);
  }

  /** Writes `memory`, then calls `done`, with `false` if another process has taken the lease in the meantime. */
  save(memory: RolloutMemory, done: (written: boolean) => void): void {
    let isDone = false;
    const finish = (written: boolean): void => {
      if (!isDone) done(written);
      isDone = true;
    };
    // An unavailable store delays no decision. The next tick that reaches the store writes it.
    this.#enqueue(
      async () => finish(await this.#write(memory)),
      () => finish(true),
    );
  }

  /** Leaves a command for the process that holds the lease. */
  post(message: Json): void {
    this.#enqueue(() => this.#parts.store.post(this.#commandBox, message));
  }

  /** Writes the state and releases the lease. Resolves when that is done, or when the store has failed to answer. */
  close(): Promise<unknown> {
    if (!this.#closed) {
      this.#closed = true;
      this.#enqueue(async () => {
        if (this.#fence !== undefined) await this.#write(this.#parts.memory());
        await this.#parts.store.release(this.#key, this.#parts.holder);
      });
    }
    return this.#last;
  }

  async #sync(): Promise<void> {
    const { store, command, clock, memory } = this.#parts;
    const isFresh = clock.now() - this.#leasedAtMs < RENEW_EVERY_MS;
    if (!(this.leads && isFresh) && !(await this.#acquire())) return;
    for (const { id, message } of await store.messages(this.#commandBox, this.#lastMessage)) {
      this.#lastMessage = id;
      command(message);
    }
    if (clock.now() - this.#writtenAtMs >= WRITE_EVERY_MS) await this.#write(memory());
  }

  /** Returns `false` while another process holds the lease, and adopts its decisions. */
  async #acquire(): Promise<boolean> {
    const { store, holder, clock } = this.#parts;
    const lease = await store.lease(this.#key, holder, LEASE_MS);
    if (lease && lease.fence === this.#fence) {
      this.#leasedAtMs = clock.now();
      return true;
    }
    this.#fence = undefined;
    this.#adopt(await store.read(this.#key));
    if (!lease) return false;
    this.#fence = lease.fence;
    this.#leasedAtMs = clock.now();
    return true;
  }

  #adopt(stored: Json | undefined): void {
    const kept = stored === undefined ? undefined : fromStored(stored, this.#parts.policy);
    if (kept) this.#lastMessage = Math.max(this.#lastMessage, kept.lastMessage);
    this.#parts.adopt(kept);
  }

  async #write(memory: RolloutMemory): Promise<boolean> {
    const { store, policy, clock } = this.#parts;
    if (this.#fence === undefined) return false;
    const written = await store.write(this.#key, toStored(memory, policy, this.#lastMessage), this.#fence);
    if (written) this.#writtenAtMs = clock.now();
    else this.#fence = undefined;
    return written;
  }

  #enqueue(work: () => Promise<unknown>, failed?: () => void): void {
    const { warnings, clock } = this.#parts;
    const done = this.#last.then(() => withTimeout(work(), STORE_TIMEOUT_MS, clock));
    this.#last = done.catch((error: unknown) => {
      const message = `Rollout store unavailable (${errorName(error)}); continuing with the last known state`;
      warnings.once('store', { code: 'store', message, atMs: clock.now() });
      this.#writtenAtMs = -Infinity;
      failed?.();
    });
  }
}

/** The mailbox of a rollout's commands in the store: messages `{ verb: 'pause', reason? }`. */
function commandBox(to: string): string {
  return `commands:${to}`;
}

const VERSION = 1;

function toStored(memory: RolloutMemory, policy: RolloutPolicy, lastMessage: number): Json {
  // `RolloutMemory` is plain data, without functions, dates or cycles.
  return { version: VERSION, options: fingerprintOf(policy), lastMessage, memory: memory as unknown as Json };
}

/** `undefined` for a rollout of another version, and for an unfinished one under other options. */
function fromStored(stored: Json, policy: RolloutPolicy): StoredRollout | undefined {
  // `toStored` wrote this. Another version may have another shape.
  const { version, options, lastMessage, memory } = stored as unknown as {
    readonly version?: number;
    readonly options?: string;
    readonly lastMessage: number;
    readonly memory: RolloutMemory;
  };
  if (version !== VERSION) return undefined;
  if (options === fingerprintOf(policy)) return { memory, lastMessage };
  const { state, history } = memory;
  const isOver = state.phase === 'promoted' || state.phase === 'rolledBack';
  return isOver ? { memory: { state, history }, lastMessage } : undefined;
}

/**
 * The event and the reason of a stored command.
 *
 * @param reserve the largest share of all calls that the rollout may take, 0–1
 * @throws TypeError for a message that is not a command
 */
export function toCommand(message: Json, reserve: number): { readonly event: RolloutEvent; readonly reason: string } {
  const { verb, full, weight, reason: given } = (message ?? {}) as Readonly<Record<string, unknown>>;
  const reason = typeof given === 'string' && given !== '' ? given : 'requested through the store';
  switch (verb) {
    case 'promote':
      return { event: { verb, full: full === true }, reason };
    case 'pause':
    case 'rollback':
      return { event: { verb, reason, by: 'user' }, reason };
    case 'resume':
    case 'retry':
    case 'undo':
      return { event: { verb }, reason };
    case 'setWeight':
      if (typeof weight === 'number' && weight >= 0 && weight <= reserve) return { event: { verb, weight }, reason };
      throw new TypeError(`the weight should be between 0 and ${reserve}`);
    default:
      throw new TypeError('the command has no known verb');
  }
}
