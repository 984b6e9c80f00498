/** A rollout of a running process, followed through the store that they share. */

import { setTimeout as wait } from 'node:timers/promises';
import { CanaryClient, fileStore, type RolloutControl, type RolloutReport, type Store } from '../index.ts';
import type { CommonOptions } from './command.ts';
import { loadConfig } from './load-config.ts';
import { offlineConfig } from './simulated-config.ts';
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
  const { options: config } = await loadConfig(options.config);
  const store = options.store === undefined ? config.canary?.store : fileStore(options.store);
  if (!store?.persistent) {
    throw new UsageError(
      'A running process is reached through its store: name its file by --store, or set canary.store',
    );
  }
  const { canary, ...client } = offlineConfig(config);
  // What is simulated, told or probed elsewhere is not this program's.
  const own = { ...canary, store: readOnly(store), webhook: undefined, probe: undefined };
  const ai: CanaryClient = new CanaryClient({ ...client, canary: own });
  const control = controlOf(ai, options.rollout);
  const followed: FollowedRollout = {
    control,
    get state() {
      return control.state;
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
  throw new UsageError(`The store does not answer`);
}

function controlOf(ai: CanaryClient, name: string | undefined): RolloutControl {
  if (name === undefined) return ai.canary.rollout;
  const control = ai.canary.rollouts[name];
  if (control) return control;
  throw new UsageError(
    `There is no rollout to ${name}: there are ${Object.keys(ai.canary.rollouts).join(', ') || 'none'}`,
  );
}

/** This program is never in charge: it reads, and leaves commands. */
function readOnly(store: Store): Store {
  return {
    persistent: true,
    read: (key) => store.read(key),
    messages: (box, afterId) => store.messages(box, afterId),
    post: (box, message) => store.post(box, message),
    lease: async () => undefined,
    release: async () => undefined,
    write: async () => false,
  };
}
