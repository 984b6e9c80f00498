/** A rollout by its store alone: for the command line and for pages, without the configuration of its processes. */

import { randomUUID } from 'node:crypto';
import { checkNumber } from '../domain/check.ts';
import type { RolloutDecision, RolloutState } from '../domain/rollout.ts';
import { type Json, rolloutKey, type Store } from '../domain/store.ts';
import { systemClock } from '../time/system-clock.ts';
import { checkEarlierWeight, commandBox, toCommand } from './command.ts';
import { RolloutController } from './controller.ts';
import type { RolloutReport } from './report.ts';
import { readRollout, type StoredRollout, toStored } from './stored-rollout.ts';

/** What a store has of a rollout: nothing, something that cannot be read, or the rollout as it was written last. */
export type StoredRolloutView =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | {
      readonly kind: 'rollout';
      readonly report: RolloutReport;
      readonly state: RolloutState;
      /** The latest decisions, oldest first. */
      readonly history: readonly RolloutDecision[];
    };

/** A verb with its argument. */
export type RolloutCommand =
  | { readonly verb: 'promote'; readonly full?: boolean | undefined }
  | { readonly verb: 'pause'; readonly reason?: string | undefined }
  /** `to`: the earlier weight to go back to, 0–1; without it the canary is taken out of service. */
  | { readonly verb: 'rollback'; readonly reason?: string | undefined; readonly to?: number | undefined }
  | { readonly verb: 'resume' | 'retry' | 'undo' }
  /** `weight`: 0–1. */
  | { readonly verb: 'setWeight'; readonly weight: number };

/** The state, the history and the verbs of a rollout, through its store. */
export interface RolloutInStore {
  readonly upstream: string;
  /** What the process in charge wrote last; it writes decisions at once, and evidence every five seconds. */
  read(): Promise<StoredRolloutView>;
  /**
   * Leaves a command for the process in charge, which carries it out within a second. If there is none, the command is
   * carried out here, and processes that start later continue from there.
   *
   * @throws RolloutError if the verb is not possible in the phase of the rollout
   * @throws ConfigError for a weight that the rollout may not take
   */
  ask(command: RolloutCommand): Promise<void>;
  /** Carries out the commands in the store if no process is in charge. Returns whether it did. */
  carryOut(): Promise<boolean>;
}

/**
 * The rollout to `upstream` in `store`. `store.keys('rollout:')` lists the rollouts of a store.
 *
 * @example await rolloutInStore(fileStore('canary.json'), 'deepseek').ask({ verb: 'rollback', reason: 'on call' });
 */
export function rolloutInStore(store: Store, upstream: string): RolloutInStore {
  return new StoredControl(store, upstream);
}

/** A command takes milliseconds. */
const LEASE_MS = 5_000;

class StoredControl implements RolloutInStore {
  readonly upstream: string;
  readonly #store: Store;
  readonly #key: string;
  readonly #box: string;
  readonly #holder: string = randomUUID();

  constructor(store: Store, upstream: string) {
    this.upstream = upstream;
    this.#store = store;
    this.#key = rolloutKey(upstream);
    this.#box = commandBox(upstream);
  }

  async read(): Promise<StoredRolloutView> {
    const read = readRollout(await this.#store.read(this.#key));
    if (read.kind !== 'rollout') return read;
    const controller = controllerOf(read.rollout);
    return { kind: 'rollout', report: controller.report(), state: controller.state, history: controller.history };
  }

  async ask(command: RolloutCommand): Promise<void> {
    const read = readRollout(await this.#store.read(this.#key));
    const run = read.kind === 'rollout' ? { run: read.rollout.memory.state.run } : {};
    if (read.kind === 'rollout') {
      const { policy } = read.rollout;
      if (command.verb === 'setWeight') checkNumber('weight', command.weight, { min: 0, max: policy.reserve });
      if (command.verb === 'rollback' && command.to !== undefined) checkEarlierWeight(command.to, policy.reserve);
      controllerOf(read.rollout).assertPossible(toCommand(command as Json, policy).event);
    }
    await this.#store.post(this.#box, { ...command, ...run } as Json);
    await this.carryOut();
  }

  async carryOut(): Promise<boolean> {
    const lease = await this.#store.lease(this.#key, this.#holder, LEASE_MS);
    if (!lease) return false;
    try {
      const read = readRollout(await this.#store.read(this.#key));
      return read.kind === 'rollout' && (await this.#carryOut(read.rollout, lease.fence));
    } finally {
      await this.#store.release(this.#key, this.#holder);
    }
  }

  async #carryOut({ policy, memory, cursors }: StoredRollout, fence: number): Promise<boolean> {
    const controller = controllerOf({ policy, memory, cursors });
    const messages = await this.#store.messages(this.#box, cursors.lastMessage);
    for (const { message } of messages) {
      try {
        controller.carryOut(toCommand(message, policy));
      } catch {
        // A command that is no longer possible. The process in charge would leave it out, too.
      }
    }
    const lastMessage = messages.at(-1)?.id ?? cursors.lastMessage;
    const stored = toStored({ policy, memory: controller.memory(), cursors: { ...cursors, lastMessage } });
    return this.#store.write(this.#key, stored, fence);
  }
}

function controllerOf({ policy, memory }: StoredRollout): RolloutController {
  const controller = new RolloutController(
    policy,
    systemClock,
    () => undefined,
    () => undefined,
  );
  controller.restore(memory);
  return controller;
}
