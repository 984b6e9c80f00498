/** Finds rollouts in the store of their processes. */

import { existsSync } from 'node:fs';
import { fileStore, rolloutInStore, type RolloutInStore, type Store, type StoredRolloutView } from '../index.ts';
import { rolloutKey } from '../domain/store.ts';
import type { CommonOptions } from './command.ts';
import { loadConfig } from './load-config.ts';
import { isRedisUrl, openRedisStore } from './open-redis-store.ts';
import { nameOption } from './read-option.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Options that select a rollout. */
export interface FollowOptions extends CommonOptions {
  /** The file of a `fileStore`, or the address of a Redis. The configuration is not read then. */
  readonly store?: string | undefined;
  /** The canary of the rollout, if there are several rollouts. */
  readonly rollout?: string | undefined;
}

/** A rollout that the store has. */
export type FoundRollout = Extract<StoredRolloutView, { kind: 'rollout' }>;

/**
 * The rollout that the options select. `undefined` if the store has none, which is printed.
 *
 * @throws UsageError without a persistent store, for a file that does not exist, and if the options do not select one
 */
export async function findRollout(options: FollowOptions, terminal: Terminal): Promise<RolloutInStore | undefined> {
  const store = await openStore(options);
  const names = await rolloutNames(store);
  const { rollout } = options;
  if (names.length === 0 && rollout !== undefined) return rolloutInStore(store, rollout);
  if (rollout !== undefined) return rolloutInStore(store, nameOption('rollout', rollout, names));
  const [first, second] = names;
  if (second !== undefined) {
    throw new UsageError(`--rollout should be one of ${names.join(', ')}: the store has several rollouts`);
  }
  if (first !== undefined) return rolloutInStore(store, first);
  // A store that has lost its values says so for each of them.
  const view = await rolloutInStore(store, '').read();
  terminal.err(terminal.colours.yellow(view.kind === 'unreadable' ? cannotRead('The rollouts', view.why) : NO_ROLLOUT));
  return undefined;
}

const NO_ROLLOUT = 'The store has no rollout: no process has started one';

/** What the store has of the rollout. `undefined` if that is not a rollout, which is printed. */
export async function readFound(
  rollout: RolloutInStore,
  { err, colours }: Terminal,
): Promise<FoundRollout | undefined> {
  const view = await rollout.read();
  if (view.kind === 'rollout') return view;
  const { upstream } = rollout;
  const why =
    view.kind === 'none'
      ? `The store has no rollout to ${upstream}: no process has started it`
      : cannotRead(`The rollout to ${upstream}`, view.why);
  err(colours.yellow(why));
  return undefined;
}

function cannotRead(what: string, why: string): string {
  return `${what} in the store cannot be read: ${why}. The canary gets no calls until retry`;
}

/** The store that the options name. @throws UsageError without one that outlives a process */
export async function openStore({ store: file, config }: Pick<FollowOptions, 'store' | 'config'>): Promise<Store> {
  if (file !== undefined) {
    if (isRedisUrl(file)) return openRedisStore(file);
    if (!existsSync(file)) throw new UsageError(`--store should be an existing file, got ${JSON.stringify(file)}`);
    return fileStore(file);
  }
  const { options } = await loadConfig(config);
  const { store } = options.canary ?? {};
  if (store?.persistent) return store;
  throw new UsageError(
    'A running process is reached through its store: pass its file or the address of its Redis with --store, or set canary.store',
  );
}

async function rolloutNames(store: Store): Promise<readonly string[]> {
  const prefix = rolloutKey('');
  return (await store.keys(prefix)).map((key) => key.slice(prefix.length));
}
