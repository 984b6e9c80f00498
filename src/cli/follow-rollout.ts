/** Follows a rollout of a running process through the store that both share. */

import { setTimeout as wait } from 'node:timers/promises';
import { fileStore, type CanaryClient, type RolloutControl, type RolloutReport, type Store } from '../index.ts';
import { rolloutKey } from '../domain/store.ts';
import { createClient } from './create-client.ts';
import type { Json } from '../domain/store.ts';
import type { CommonOptions } from './command.ts';
import { duration } from './format.ts';
import { loadConfig } from './load-config.ts';
import { offlineConfig } from './simulated-config.ts';
import { nameOption } from './read-option.ts';
import { UsageError } from './usage-error.ts';

/** Options that select a rollout. */
export interface FollowOptions extends CommonOptions {
  /** The file of a `fileStore`. */
  readonly store?: string | undefined;
  /** The canary of the rollout, if there are several rollouts. */
  readonly rollout?: string | undefined;
}

export interface FollowedRollout extends AsyncDisposable {
  readonly control: RolloutControl;
  /** The state that the process in charge wrote last. */
  readonly state: RolloutReport;
  /** Whether the store contains the rollout. `foreign`: it was started with another configuration, so its evidence does not apply. */
  readonly stored: 'missing' | 'foreign' | 'current';
  /** Resolves with `true` as soon as `holds` returns true, or with `false` after `timeoutMs` or an abort. */
  readonly waitUntil: (
    holds: (state: RolloutReport) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ) => Promise<boolean>;
}

/** How often the state is checked. The client itself reads the store each second. */
const POLL_MS = 50;
/** How long to wait for the first answer of the store. */
const STORE_TIMEOUT_MS = 5_000;

/** @throws UsageError without a persistent store, or if the store does not respond */
export async function followRollout(options: FollowOptions, signal: AbortSignal): Promise<FollowedRollout> {
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  const store = options.store === undefined ? config.canary?.store : fileStore(options.store);
  if (!store?.persistent) {
    throw new UsageError(
      'A running process is reached through its store: pass its file with --store or set canary.store',
    );
  }
  const { canary, ...client } = offlineConfig(config);
  const readOnly = new ReadOnlyStore(store);
  const ai = createClient(loaded, { ...client, canary: { ...canary, store: readOnly } });
  const control = controlOf(ai, options.rollout);
  const followed: FollowedRollout = {
    control,
    get state() {
      return control.state;
    },
    get stored() {
      return storedState(readOnly.lastRead.get(rolloutKey(control.state.upstream)), control.state);
    },
    waitUntil: async (holds, timeoutMs, by) => {
      const endMs = Date.now() + timeoutMs;
      while (!by.aborted && Date.now() < endMs) {
        if (holds(control.state)) return true;
        await wait(POLL_MS);
      }
      return holds(control.state);
    },
    [Symbol.asyncDispose]: async () => ai.canary.close(),
  };
  const hasResponded = await followed.waitUntil(
    ({ waitsFor }) => !waitsFor.some((one) => one.for === 'store'),
    STORE_TIMEOUT_MS,
    signal,
  );
  if (hasResponded) return followed;
  await ai.canary.close();
  throw new UsageError(`The store did not respond within ${duration(STORE_TIMEOUT_MS)}`);
}

function controlOf(ai: CanaryClient, name: string | undefined): RolloutControl {
  const { rollout, rollouts } = ai.canary;
  return name === undefined ? rollout : (rollouts[nameOption('rollout', name, Object.keys(rollouts))] ?? rollout);
}

/** A rollout that is not resumed from the store starts now: its start time differs from the stored one. */
function storedState(read: Json | undefined, { sinceMs }: RolloutReport): FollowedRollout['stored'] {
  if (read === undefined) return 'missing';
  const { memory } = read as { readonly memory?: { readonly state?: { sinceMs?: number; atMs?: number } } };
  return (memory?.state?.sinceMs ?? memory?.state?.atMs) === sinceMs ? 'current' : 'foreign';
}

/** Reads, and posts commands, but never takes the lease: the running process stays in charge. */
class ReadOnlyStore implements Store {
  readonly persistent = true;
  /** The last values read, by key. */
  readonly lastRead = new Map<string, Json | undefined>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(key: string): Promise<Json | undefined> {
    const value = await this.#store.read(key);
    this.lastRead.set(key, value);
    return value;
  }

  keys(prefix: string): ReturnType<Store['keys']> {
    return this.#store.keys(prefix);
  }

  blocks(log: string, afterId: number): ReturnType<Store['blocks']> {
    return this.#store.blocks(log, afterId);
  }

  messages(box: string, afterId: number): ReturnType<Store['messages']> {
    return this.#store.messages(box, afterId);
  }

  post(box: string, message: Json): Promise<void> {
    return this.#store.post(box, message);
  }

  async lease(): Promise<undefined> {}

  async release(): Promise<void> {}

  async addBlock(): Promise<void> {}

  async dropBlocks(): Promise<void> {}

  async write(): Promise<boolean> {
    return false;
  }
}
