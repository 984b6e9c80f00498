/** One probe while it runs: what it is about, what it may still spend, and what has come so far. */

import type { Call } from '../domain/call.ts';
import type { Clock } from '../time/clock.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import type { OpenAI } from '../upstream/sdk/types.ts';
import type { SendRequest } from '../upstream/sdk/send.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Refusal, Reply } from './reply.ts';

/** What a probe needs. */
export interface ProbeInput {
  readonly upstream: Upstream;
  /** The upstream's own client. */
  readonly line: { readonly client: OpenAI; readonly send: SendRequest; readonly sdkRetries: boolean };
  /** The model that chat is asked of. */
  readonly model: string | undefined;
  readonly embeddingModel: string | undefined;
  /** The window of the model, in tokens; `undefined` where nobody said. */
  readonly contextTokens: number | undefined;
  /** The longest wait for one answer. */
  readonly timeoutMs: number;
  readonly budgetUsd: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly nextCallId: () => number;
  readonly account: Account;
  /** What is known of the upstream's credentials: where they come from, never what they are. */
  readonly keySource: string;
}

/** Where the requests of a probe are paid. */
export interface Account {
  /** The cost before a request, in USD; `undefined` when the price is unknown. */
  estimateCostUsd(call: Call, body: unknown): number | undefined;
  /** Holds what a request may cost in the user's own budgets, up to `charge`; the name of the one that has no room for it. */
  holdBudget(call: Call, body: unknown): string | undefined;
  /** Puts an ended request into the ledger; gives its cost in USD, `null` when it is unknown. */
  charge(call: Call, end: AttemptEnd): number | null;
}

/** A request was not made, or not waited for: nothing can be said. */
export class NotAsked extends Error {}

export class Probing {
  readonly input: ProbeInput;
  /** Everything that was refused: how errors look is judged from them. */
  readonly refusals: Refusal[] = [];
  /** USD over requests whose cost is known; `null` before the first. */
  spentUsd: number | null = null;
  readonly #shared = new Map<string, Promise<Reply>>();
  /** USD that requests under way are expected to cost. */
  #reservedUsd = 0;

  constructor(input: ProbeInput) {
    this.input = input;
  }

  /** One request that several checks look at. */
  shared(name: string, ask: () => Promise<Reply>): Promise<Reply> {
    let reply = this.#shared.get(name);
    if (!reply) this.#shared.set(name, (reply = ask()));
    return reply;
  }

  /** Sets aside what a request may cost. @throws NotAsked when that is more than is left */
  reserve(costUsd: number): { release(): void } {
    const { budgetUsd, signal } = this.input;
    if (signal?.aborted) throw new NotAsked('aborted');
    const spentUsd = (this.spentUsd ?? 0) + this.#reservedUsd;
    if (spentUsd + costUsd > budgetUsd) {
      throw new NotAsked(
        `up to $${costUsd.toFixed(4)} more than $${spentUsd.toFixed(4)} is over the budget of $${budgetUsd}`,
      );
    }
    this.#reservedUsd += costUsd;
    return { release: () => (this.#reservedUsd -= costUsd) };
  }

  spend(costUsd: number | null): void {
    if (costUsd !== null) this.spentUsd = (this.spentUsd ?? 0) + costUsd;
  }
}
