/** What the processes of a rollout tell the one that leads: commands, and blocks of samples. Each is taken once. */

import type { Json, Store } from '../domain/store.ts';
import { commandBox } from './command.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { type CountedSample, OutgoingBlocks, type SampledRun, type UnsentSamples } from './sample-blocks.ts';
import { NO_CURSORS, type ReadRollout, type StoreCursors, withCounted } from './stored-rollout.ts';

export interface LeaderInboxParts {
  readonly store: Store;
  readonly policy: RolloutPolicy;
  /** Identifies this process among those that share the store. */
  readonly holder: string;
  /** Carries out a command from the store. Must not throw. */
  readonly command: (message: Json) => void;
  /** Counts a block of samples. Must not throw. */
  readonly count: (block: Json) => void;
}

/** Both ends of the inbox: a process that follows sends, and the one that leads reads. */
export class LeaderInbox {
  readonly #parts: LeaderInboxParts;
  readonly #box: string;
  readonly #log: string;
  readonly #outgoing = new OutgoingBlocks();
  #cursors = NO_CURSORS;
  #droppedThrough = 0;
  /** What the store had at the last look could not be read. */
  #isUnreadable = false;

  constructor(parts: LeaderInboxParts) {
    this.#parts = parts;
    this.#box = commandBox(parts.policy.to);
    this.#log = `samples:${parts.policy.to}`;
  }

  /** Keeps a sample of this process until the store has it. */
  add(of: SampledRun, sample: CountedSample): void {
    this.#outgoing.add(of, sample);
  }

  get unsent(): UnsentSamples {
    return this.#outgoing.unsent;
  }

  /** Leaves a command. */
  post(message: Json): Promise<void> {
    return this.#parts.store.post(this.#box, message);
  }

  /** Sends what this process has counted to the process that leads. */
  async send(): Promise<void> {
    const { store, holder: source } = this.#parts;
    this.#outgoing.close();
    for (const block of this.#outgoing.blocks) {
      const { sequence } = block;
      await store.addBlock(this.#log, { source, sequence, message: block.toJSON() });
      this.#outgoing.settled(sequence);
    }
  }

  /** Carries out the commands and counts the samples that have arrived. */
  async read(): Promise<void> {
    const { store, command, count } = this.#parts;
    for (const { id, message } of await store.messages(this.#box, this.#cursors.lastMessage)) {
      this.#cursors = { ...this.#cursors, lastMessage: id };
      command(message);
    }
    for (const { id, message } of await store.blocks(this.#log, this.#cursors.lastBlock)) {
      this.#cursors = { ...this.#cursors, lastBlock: id };
      count(message);
    }
  }

  /** What the state of this moment includes. */
  cursorsNow(): StoreCursors {
    return withCounted(this.#cursors, this.#parts.holder, this.#outgoing.close());
  }

  /** Continues after what the stored state includes. */
  async adopt(read: ReadRollout): Promise<void> {
    const { store } = this.#parts;
    if (read.kind !== 'unreadable') {
      this.#cursors = read.kind === 'rollout' ? read.rollout.cursors : NO_CURSORS;
    } else if (!this.#isUnreadable) {
      // Which of the old commands were carried out is not known, so that none of them is.
      const [message, block] = await Promise.all([store.messages(this.#box, 0), store.blocks(this.#log, 0)]);
      this.#cursors = { ...NO_CURSORS, lastMessage: message.at(-1)?.id ?? 0, lastBlock: block.at(-1)?.id ?? 0 };
    }
    this.#isUnreadable = read.kind === 'unreadable';
  }

  /** Forgets the samples of this process that the adopted state includes. */
  settle(): void {
    this.#outgoing.close();
    this.#outgoing.settled(this.#cursors.counted[this.#parts.holder] ?? 0);
  }

  /** Counts what this process has sampled, and no leader before it. */
  countOwn(): void {
    for (const block of this.#outgoing.blocks) this.#parts.count(block.toJSON());
  }

  /** The store has a state with these cursors: what it includes is dropped. */
  async written(cursors: StoreCursors): Promise<void> {
    const { store, holder } = this.#parts;
    this.#outgoing.settled(cursors.counted[holder] ?? 0);
    if (cursors.lastBlock > this.#droppedThrough) await store.dropBlocks(this.#log, cursors.lastBlock);
    this.#droppedThrough = cursors.lastBlock;
  }
}
