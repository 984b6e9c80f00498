/** Keeps a rollout in the store: one process at a time is in charge of it, the others follow. */

import type { RolloutDecision, RolloutState } from '../domain/rollout.ts';
import { type Json, rolloutKey, type Store } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';
import type { JudgedCallsState } from './evidence.ts';
import { fingerprintOf, type RolloutPolicy } from './resolve-rollouts.ts';
import type { RolloutEvent } from './transition.ts';

/** What is kept, and who is told. */
export interface RolloutLeaseParts {
  readonly store: Store;
  readonly policy: RolloutPolicy;
  readonly clock: Clock;
  readonly warnings: Warnings;
  /** The process, among those that share the store. */
  readonly holder: string;
  readonly memory: () => RolloutMemory;
  /** Goes on from what is in the store; `undefined` where nothing is, or only of other options. */
  readonly adopt: (kept: StoredRollout | undefined) => void;
  /** Does what somebody asked for through the store. Must not throw. */
  readonly command: (message: Json) => void;
}

/** How long a process that has died stays in charge. */
const LEASE_MS = 10_000;
/** How often it is prolonged. */
const RENEW_EVERY_MS = 3_000;
/** How long the store is given to answer: one that hangs is away, and a decision waits for it no longer. */
const PATIENCE_MS = 10_000;
/** Evidence is written this often, in ms; decisions at once. */
const WRITE_EVERY_MS = 5_000;

export class RolloutLease {
  readonly #parts: RolloutLeaseParts;
  readonly #key: string;
  readonly #box: string;
  #fence: number | undefined;
  #lastMessage = 0;
  #leasedAtMs = -Infinity;
  #writtenAtMs = -Infinity;
  /** Everything asked of the store, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #syncing = false;
  #closed = false;

  constructor(parts: RolloutLeaseParts) {
    this.#parts = parts;
    this.#key = rolloutKey(parts.policy.to);
    this.#box = commandBox(parts.policy.to);
  }

  /** Whether this process is in charge. `false` until the store has told what it knows. */
  get leads(): boolean {
    return this.#fence !== undefined;
  }

  /** Each second. Nobody waits for it. */
  tick(): void {
    if (this.#syncing || this.#closed) return;
    this.#syncing = true;
    const synced = (): void => void (this.#syncing = false);
    this.#enqueue(() => this.#sync().then(synced), synced);
  }

  /** Writes `memory`, then says whether it was: `false` where another process has taken charge meanwhile. */
  save(memory: RolloutMemory, done: (written: boolean) => void): void {
    let isTold = false;
    const tell = (written: boolean): void => {
      if (!isTold) done(written);
      isTold = true;
    };
    // A store that is away holds up nothing that is decided: it is written with the next tick that finds it.
    this.#enqueue(
      async () => tell(await this.#write(memory)),
      () => tell(true),
    );
  }

  /** Leaves a command for the process that is in charge. */
  post(message: Json): void {
    this.#enqueue(() => this.#parts.store.post(this.#box, message));
  }

  /** Lets another process take charge at once. Resolves when the store has all that it is to have, or is known to be away. */
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
    if (!(this.leads && isFresh) && !(await this.#takeCharge())) return;
    for (const { id, message } of await store.messages(this.#box, this.#lastMessage)) {
      this.#lastMessage = id;
      command(message);
    }
    if (clock.now() - this.#writtenAtMs >= WRITE_EVERY_MS) await this.#write(memory());
  }

  /** `false` while another process is in charge; what it decided is adopted. */
  async #takeCharge(): Promise<boolean> {
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
    const asked = this.#last.then(() => withTimeout(work(), PATIENCE_MS, clock));
    this.#last = asked.catch((error: unknown) => {
      const message = `The store is away (${errorName(error)}): rollouts go on with what is known`;
      warnings.once('store', { code: 'store', message, atMs: clock.now() });
      this.#writtenAtMs = -Infinity;
      failed?.();
    });
  }
}

/** Where commands for a rollout are left in a store: messages `{ verb: 'pause', reason? }`. */
function commandBox(to: string): string {
  return `commands:${to}`;
}

/* PART: A rollout as it is stored, and commands as they are left for it. */

/** Everything that a rollout goes on with after a restart. */
export interface RolloutMemory {
  readonly state: RolloutState;
  readonly heldMs: number;
  readonly calls: JudgedCallsState;
  readonly history: readonly RolloutDecision[];
}

/** What was found in a store. Under other options only that a rollout is over still holds. */
export interface StoredRollout {
  readonly memory: Pick<RolloutMemory, 'state' | 'history'> & Partial<RolloutMemory>;
  /** The id of the last command that was carried out. */
  readonly lastMessage: number;
}

const VERSION = 1;

function toStored(memory: RolloutMemory, policy: RolloutPolicy, lastMessage: number): Json {
  // All of it is plain data: `RolloutMemory` has no functions, dates or cycles.
  return { version: VERSION, options: fingerprintOf(policy), lastMessage, memory: memory as unknown as Json };
}

/** `undefined` for what is no rollout of ours, or one under way under other options. */
function fromStored(stored: Json, policy: RolloutPolicy): StoredRollout | undefined {
  // Written by `toStored`; another version is another shape.
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
 * A command that somebody left in a store, and why.
 *
 * @param reserve the most that the rollout may take of all calls, 0–1
 * @throws TypeError for what is none
 */
export function toCommand(message: Json, reserve: number): { readonly event: RolloutEvent; readonly reason: string } {
  const { verb, full, weight, reason: said } = (message ?? {}) as Readonly<Record<string, unknown>>;
  const reason = typeof said === 'string' && said !== '' ? said : 'asked for through the store';
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
      throw new TypeError(`its weight should be between 0 and ${reserve}`);
    default:
      throw new TypeError('it names no verb');
  }
}
