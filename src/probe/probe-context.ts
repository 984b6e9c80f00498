/** The state of one probe: its input, its budget, shared replies, and refusals so far. */

import { Reservation } from '../budgets/reservation.ts';
import { CallRecorder } from '../call/call-record.ts';
import type { CallServices } from '../call/call-services.ts';
import type { Call } from '../domain/call.ts';
import type { Clock } from '../time/clock.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Refusal, Reply } from './reply.ts';

/** The input of a probe. */
export interface ProbeInput {
  readonly upstream: Upstream;
  readonly connection: UpstreamConnection;
  /** The model of chat requests. */
  readonly model: string | undefined;
  readonly embeddingModel: string | undefined;
  /** The context window of the model, in tokens; `undefined` if unknown. */
  readonly contextTokens: number | undefined;
  /** The timeout of each request. */
  readonly timeoutMs: number;
  readonly budgetUsd: number;
  /** A check at an interval: its requests are as cheap as possible, and none is sent without a known price. */
  readonly periodic: boolean;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly nextCallId: () => number;
  readonly budget: ProbeBudget;
  /** Where the upstream's key comes from, never the key itself. */
  readonly keySource: string;
}

/** A request was not sent, or its answer not awaited; the check is skipped. */
export class RequestSkipped extends Error {}

export class ProbeContext {
  readonly input: ProbeInput;
  /** All refusals so far; the checks of error handling evaluate them. */
  readonly refusals: Refusal[] = [];
  /** USD over requests with a known cost; `null` before the first. */
  spentUsd: number | null = null;
  readonly #shared = new Map<string, Promise<Reply>>();
  /** Estimated USD of the requests in flight. */
  #reservedUsd = 0;

  constructor(input: ProbeInput) {
    this.input = input;
  }

  /** Sends a request once for all checks that use its reply. */
  shared(name: string, send: () => Promise<Reply>): Promise<Reply> {
    let reply = this.#shared.get(name);
    if (!reply) this.#shared.set(name, (reply = send()));
    return reply;
  }

  /**
   * Reserves the estimated cost of a request.
   *
   * @throws RequestSkipped if the estimate exceeds the rest of the budget, or if the probe is aborted
   */
  reserve(costUsd: number): { release(): void } {
    const { budgetUsd, signal } = this.input;
    if (signal?.aborted) throw new RequestSkipped('aborted');
    const spentUsd = (this.spentUsd ?? 0) + this.#reservedUsd;
    if (spentUsd + costUsd > budgetUsd) {
      throw new RequestSkipped(
        `up to $${costUsd.toFixed(4)} in addition to $${spentUsd.toFixed(4)} is over the budget of $${budgetUsd}`,
      );
    }
    this.#reservedUsd += costUsd;
    return { release: () => (this.#reservedUsd -= costUsd) };
  }

  spend(costUsd: number | null): void {
    if (costUsd !== null) this.spentUsd = (this.spentUsd ?? 0) + costUsd;
  }
}

/** Charges the requests of a probe to the ledger and to the user's budgets. */
export class ProbeBudget {
  readonly #upstream: string;
  readonly #services: CallServices;
  /** By call id, while the request is in flight. */
  readonly #reservations = new Map<number, Reservation>();

  constructor(upstream: string, services: CallServices) {
    this.#upstream = upstream;
    this.#services = services;
  }

  /** The estimated cost of a request in USD; `undefined` if the price is unknown. */
  estimateCostUsd(call: Call, body: unknown): number | undefined {
    return this.#services.estimateCostUsd(this.#upstream, call, body);
  }

  /** Reserves the cost of a request in the user's budgets until `charge`; returns the name of a budget that has no room for it. */
  reserve(call: Call, body: unknown): string | undefined {
    // A list of models costs nothing.
    if (call.surface === 'other') return undefined;
    const reserved = this.#services.budgets?.reserve(call, this.#upstream, body);
    if (reserved === undefined) return undefined;
    if (!(reserved instanceof Reservation)) return reserved.policy.name;
    this.#reservations.set(call.id, reserved);
    return undefined;
  }

  /** Gives back what is still reserved for a request. */
  release(call: Call): void {
    this.#reservations.get(call.id)?.cancel();
    this.#reservations.delete(call.id);
  }

  /** Records an ended request in the ledger; returns its cost in USD, `null` if it is unknown. */
  charge(call: Call, end: AttemptEnd): number | null {
    const { observer, pricing } = this.#services;
    // Without the probe stable would not have served the request, so nothing is saved.
    const priced: typeof pricing = (started, how, about) => ({ ...pricing(started, how, about), stableCostUsd: null });
    const recorder = new CallRecorder(call, this.#upstream, { observer, pricing: priced });
    recorder.end(recorder.start(this.#upstream, 'probe', call.model, call.startedAtMs), end);
    const [record] = recorder.ledger.attempts;
    if (record) this.#reservations.get(call.id)?.settle(record);
    this.#reservations.delete(call.id);
    return record?.cost.costUsd ?? null;
  }
}
