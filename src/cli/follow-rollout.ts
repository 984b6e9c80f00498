/** A rollout of a running process, followed through the store that they share. */

import { setTimeout as wait } from 'node:timers/promises';
import { fileStore, type CanaryClient, type RolloutControl, type RolloutReport, type Store } from '../index.ts';
import { rolloutKey } from '../domain/store.ts';
import { clientOf } from './client-of.ts';
import type { Json } from '../domain/store.ts';
import type { CommonOptions } from './command.ts';
import { loadConfig } from './load-config.ts';
import { offlineConfig } from './simulated-config.ts';
import { nameOption } from './read-option.ts';
import { UsageError } from './usage-error.ts';

/** How a rollout is named. */
export interface FollowOptions extends CommonOptions {
  /** The file of a `fileStore`. */
  readonly store?: string | undefined;
  /** The canary, where there are several rollouts. */
  readonly rollout?: string | undefined;
}

export interface FollowedRollout extends AsyncDisposable {
  readonly control: RolloutControl;
  /** As the process in charge last wrote it. */
  readonly state: RolloutReport;
  /** What the store knows of it. `foreign`: it is under way by another configuration, whose evidence cannot be read by this one. */
  readonly kept: 'nothing' | 'foreign' | 'all';
  /** Resolves with `true` as soon as `holds` does, with `false` when that took too long. */
  readonly until: (
    holds: (state: RolloutReport) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ) => Promise<boolean>;
}

/** How often the store is looked at, in ms: the client itself does so each second. */
const POLL_MS = 50;
/** A store that says nothing for so long is empty. */
const PATIENCE_MS = 5_000;

/** @throws UsageError without a store that others can write to, or where it knows nothing of the rollout */
export async function followRollout(options: FollowOptions, signal: AbortSignal): Promise<FollowedRollout> {
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  const store = options.store === undefined ? config.canary?.store : fileStore(options.store);
  if (!store?.persistent) {
    throw new UsageError(
      'A running process is reached through its store: name its file by --store, or set canary.store',
    );
  }
  const { canary, ...client } = offlineConfig(config);
  const ours = new ReadOnlyStore(store);
  const ai = clientOf(loaded, { ...client, canary: { ...canary, store: ours } });
  const control = controlOf(ai, options.rollout);
  const followed: FollowedRollout = {
    control,
    get state() {
      return control.state;
    },
    get kept() {
      return keptOf(ours.lastRead.get(rolloutKey(control.state.upstream)), control.state);
    },
    until: async (holds, timeoutMs, by) => {
      const endMs = Date.now() + timeoutMs;
      while (!by.aborted && Date.now() < endMs) {
        if (holds(control.state)) return true;
        await wait(POLL_MS);
      }
      return holds(control.state);
    },
    [Symbol.asyncDispose]: async () => ai.canary.close(),
  };
  const isKnown = await followed.until(
    ({ waitsFor }) => !waitsFor.some((one) => one.for === 'store'),
    PATIENCE_MS,
    signal,
  );
  if (isKnown) return followed;
  ai.canary.close();
  throw new UsageError('The store does not answer');
}

function controlOf(ai: CanaryClient, name: string | undefined): RolloutControl {
  const { rollout, rollouts } = ai.canary;
  return name === undefined ? rollout : (rollouts[nameOption('rollout', name, Object.keys(rollouts))] ?? rollout);
}

/** A rollout that is not taken over from the store begins anew, at this moment. */
function keptOf(read: Json | undefined, { sinceMs }: RolloutReport): FollowedRollout['kept'] {
  if (read === undefined) return 'nothing';
  const { memory } = read as { readonly memory?: { readonly state?: { sinceMs?: number; atMs?: number } } };
  return (memory?.state?.sinceMs ?? memory?.state?.atMs) === sinceMs ? 'all' : 'foreign';
}

/** This program is never in charge: it reads, and leaves commands. */
class ReadOnlyStore implements Store {
  readonly persistent = true;
  /** What was read last, by key. */
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

  messages(box: string, afterId: number): ReturnType<Store['messages']> {
    return this.#store.messages(box, afterId);
  }

  post(box: string, message: Json): Promise<void> {
    return this.#store.post(box, message);
  }

  async lease(): Promise<undefined> {}

  async release(): Promise<void> {}

  async write(): Promise<boolean> {
    return false;
  }
}
