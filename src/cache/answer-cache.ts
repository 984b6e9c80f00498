/** Answers calls from memory, and makes identical calls that are in flight share one request. */

import type { CallSource, CallServices } from '../call/call-services.ts';
import { dispatch } from '../call/dispatch.ts';
import type { CallPlan } from '../call/call-plan.ts';
import type { Call } from '../domain/call.ts';
import type { CacheSnapshot } from '../domain/snapshot.ts';
import type { Clock } from '../time/clock.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { ResponseMode } from '../upstream/response-mode.ts';
import { isStream } from '../upstream/sdk/types.ts';
import { isComplete } from './complete-answer.ts';
import { AnswerStore, type StoredAnswer } from './answer-store.ts';
import { Accounts, cacheKeyOf } from './cache-key.ts';
import { admits, type CachePolicy } from './cache-policy.ts';
import { answerFromCache, type RoutedCall } from './cached-records.ts';
import { encodeBody, EventRecorder, servedBy, storedAnswer } from './record-answer.ts';
import { responseOf } from './replay.ts';

export class AnswerCache {
  readonly #policy: CachePolicy;
  readonly #services: CallServices;
  readonly #onError: (option: 'when' | 'key', error: unknown) => void;
  readonly #store: AnswerStore;
  readonly #accounts = new Accounts();
  readonly #inFlight = new Map<string, SharedCall>();
  #hits = 0;
  #joined = 0;
  #misses = 0;

  /** @param onError receives what the user's `when` and `key` functions throw */
  constructor(policy: CachePolicy, services: CallServices, onError: (option: 'when' | 'key', error: unknown) => void) {
    this.#policy = policy;
    this.#services = services;
    this.#onError = onError;
    this.#store = new AnswerStore(policy, services.clock);
  }

  get snapshot(): CacheSnapshot {
    const { entries, bytes } = this.#store;
    return { hits: this.#hits, joined: this.#joined, misses: this.#misses, entries, bytes };
  }

  /** Whether the call is cached; `false` if the user's `when` throws. */
  admits(call: Call, body: unknown): boolean {
    try {
      return admits(this.#policy, call, body);
    } catch (error) {
      this.#onError('when', error);
      return false;
    }
  }

  /**
   * Returns the stored answer, the answer of an identical call in flight, or a new one. Only complete answers are stored and shared, and only those of the assigned upstream are stored: a
   * fallback's answer must not be repeated once the assigned upstream works again.
   */
  async answer(call: Call, plan: CallPlan, source: CallSource): Promise<Answer> {
    const routed: RoutedCall = { call, plan, source };
    const key = this.#keyOf(routed);
    if (key === undefined) return this.#dispatch(routed);
    const { signal } = source.options;
    for (;;) {
      if (signal?.aborted) return this.#dispatch(routed);
      const stored = this.#store.get(key);
      if (stored) {
        this.#hits += 1;
        return answerFromCache(stored, routed, this.#services);
      }
      // A stream arrives at the pace of its reader, so other calls do not wait for it.
      if (call.stream) return this.#record(key, routed);
      const shared = this.#inFlight.get(key);
      if (!shared) return this.#lead(key, routed);
      const result = await shared.wait(this.#services.clock, source.timeoutMs, signal);
      if (typeof result === 'object' && (call.fallbacks || result.upstream === plan.assigned)) {
        this.#joined += 1;
        return answerFromCache(result, routed, this.#services);
      }
      // An abort by the leading caller says nothing about the call: the next waiting call leads, and the others wait for it.
      if (result !== 'aborted') return this.#dispatch(routed);
    }
  }

  #keyOf({ call, plan, source }: RoutedCall): string | undefined {
    const upstream = this.#services.upstreams.get(plan.assigned);
    try {
      return upstream && cacheKeyOf(call, upstream, source, { policy: this.#policy, accounts: this.#accounts });
    } catch (error) {
      this.#onError('key', error);
      return undefined;
    }
  }

  #dispatch({ call, plan, source }: RoutedCall): Promise<Answer> {
    this.#misses += 1;
    this.#services.retryBudget.deposit();
    return dispatch(call, plan, source, this.#services);
  }

  /** Makes the call for all identical calls that wait for it. It does not wait for its own caller to choose a response mode. */
  async #lead(key: string, routed: RoutedCall): Promise<Answer> {
    const shared = new SharedCall();
    this.#inFlight.set(key, shared);
    let result: SharedResult = 'failed';
    try {
      const { call, plan, source } = routed;
      const mode = new ResponseMode();
      mode.choose('parsed');
      const answering = this.#dispatch({ call, plan, source: { ...source, mode } });
      source.mode.ledger = mode.ledger;
      source.mode.judged = mode.judged;
      const answer = await answering;
      if (answer.kind !== 'parsed') return answer;
      const encoded = encodeBody(answer.data, answer.props.response, call.surface);
      const served = servedBy(mode.ledger?.ledger);
      if (served && isComplete(call.surface, answer.data))
        result = this.#keep(key, storedAnswer(encoded, served), plan);
      if (source.mode.chosen() === 'parsed') return answer;
      // The original body has been read already: a caller of the raw response needs an unread one.
      return { ...answer, props: { ...answer.props, response: responseOf(encoded) } };
    } catch (error) {
      if (routed.source.options.signal?.aborted) result = 'aborted';
      throw error;
    } finally {
      this.#inFlight.delete(key);
      shared.settle(result);
    }
  }

  /** Makes a streaming call, and stores the stream if its reader reads it to the end. */
  async #record(key: string, routed: RoutedCall): Promise<Answer> {
    const { call, plan, source } = routed;
    const answer = await this.#dispatch(routed);
    if (answer.kind !== 'parsed' || !isStream(answer.data)) return answer;
    const recorder = new EventRecorder(call.surface, this.#policy.maxBytes);
    // The callback must not hold the stream: an abandoned stream could not be garbage-collected.
    const { response } = answer.props;
    recorder.record(answer.data, () => {
      const encoded = recorder.whole(response);
      const served = servedBy(source.mode.ledger?.ledger);
      if (encoded && served) this.#keep(key, storedAnswer(encoded, served), plan);
    });
    return answer;
  }

  #keep(key: string, answer: StoredAnswer, { assigned }: CallPlan): StoredAnswer {
    if (answer.upstream === assigned) this.#store.set(key, answer);
    return answer;
  }
}

/** What the leading call gives to those that wait: an answer, its own caller's abort, or an error or an answer that is not shared. */
type SharedResult = StoredAnswer | 'aborted' | 'failed';

/** The longest delay of a Node timer. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** A call in flight whose answer identical calls wait for. */
class SharedCall {
  readonly #result = Promise.withResolvers<SharedResult>();

  settle(result: SharedResult): void {
    this.#result.resolve(result);
  }

  /** Resolves with the result, or with `undefined` after `maxMs` or when the signal aborts. */
  wait(clock: Clock, maxMs: number, signal: AbortSignal | null | undefined): Promise<SharedResult | undefined> {
    return new Promise((resolve) => {
      const finish = (result?: SharedResult): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const onAbort = (): void => finish();
      const timer = clock.setTimeout(finish, Math.min(maxMs, MAX_WAIT_MS), { keepAlive: true });
      signal?.addEventListener('abort', onAbort, { once: true });
      void this.#result.promise.then(finish);
    });
  }
}
