/** Answers calls from memory, and has identical calls under way wait for one another. */

import type { CallSource, CallServices } from '../call/call-services.ts';
import { dispatch } from '../call/dispatch.ts';
import type { CallPlan } from '../call/plan-call.ts';
import type { Call } from '../domain/call.ts';
import type { CacheSnapshot } from '../domain/snapshot.ts';
import type { Clock } from '../time/clock.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { ResponseMode } from '../upstream/response-mode.ts';
import { isStream } from '../upstream/sdk/types.ts';
import { AnswerStore, type StoredAnswer } from './answer-store.ts';
import { Accounts, cacheKeyOf } from './cache-key.ts';
import { admits, type CachePolicy } from './cache-policy.ts';
import { type AskedCall, giveStored } from './cached-records.ts';
import { encodeBody, EventRecorder, servedBy, storedAnswer } from './record-answer.ts';
import { responseOf } from './replay.ts';

export class AnswerCache {
  readonly #policy: CachePolicy;
  readonly #services: CallServices;
  readonly #failed: (option: 'when' | 'key', error: unknown) => void;
  readonly #store: AnswerStore;
  readonly #accounts = new Accounts();
  readonly #flights = new Map<string, Flight>();
  #hits = 0;
  #joined = 0;
  #misses = 0;

  /** `failed` is told of what the user's functions throw. */
  constructor(policy: CachePolicy, services: CallServices, failed: (option: 'when' | 'key', error: unknown) => void) {
    this.#policy = policy;
    this.#services = services;
    this.#failed = failed;
    this.#store = new AnswerStore(policy, services.clock);
  }

  get snapshot(): CacheSnapshot {
    const { entries, bytes } = this.#store;
    return { hits: this.#hits, joined: this.#joined, misses: this.#misses, entries, bytes };
  }

  /** Whether the call is one for the cache. */
  admits(call: Call, body: unknown): boolean {
    try {
      return admits(this.#policy, call, body);
    } catch (error) {
      this.#failed('when', error);
      return false;
    }
  }

  /**
   * The answer that is kept, or that of an identical call under way, or a new one. Only answers of the assigned upstream are kept: what a fallback said
   * is not given while the assigned one could speak itself.
   */
  async answer(call: Call, plan: CallPlan, source: CallSource): Promise<Answer> {
    const asked: AskedCall = { call, plan, source };
    const key = this.#keyOf(asked);
    if (key === undefined) return this.#dispatch(asked);
    const { signal } = source.options;
    for (;;) {
      if (signal?.aborted) return this.#dispatch(asked);
      const stored = this.#store.get(key);
      if (stored) {
        this.#hits += 1;
        return giveStored(stored, asked, this.#services);
      }
      // A stream goes at the pace of its reader: nobody else waits for it.
      if (call.stream) return this.#record(key, asked);
      const flight = this.#flights.get(key);
      if (!flight) return this.#lead(key, asked);
      const end = await flight.join(this.#services.clock, source.timeoutMs, signal);
      if (typeof end === 'object' && (call.fallbacks || end.upstream === plan.assigned)) {
        this.#joined += 1;
        return giveStored(end, asked, this.#services);
      }
      // A caller that gave up says nothing about the call: another takes its place, and the others wait for that one.
      if (end !== 'aborted') return this.#dispatch(asked);
    }
  }

  #keyOf({ call, plan, source }: AskedCall): string | undefined {
    const upstream = this.#services.upstreams.get(plan.assigned);
    try {
      return upstream && cacheKeyOf(call, upstream, source, { policy: this.#policy, accounts: this.#accounts });
    } catch (error) {
      this.#failed('key', error);
      return undefined;
    }
  }

  #dispatch({ call, plan, source }: AskedCall): Promise<Answer> {
    this.#misses += 1;
    this.#services.retryBudget.deposit();
    return dispatch(call, plan, source, this.#services);
  }

  /** Makes the call, for all that wait for it: it goes on whether or not its own caller has said what it wants of the answer. */
  async #lead(key: string, asked: AskedCall): Promise<Answer> {
    const flight = new Flight();
    this.#flights.set(key, flight);
    let end: FlightEnd = 'failed';
    try {
      const { call, plan, source } = asked;
      const mode = new ResponseMode();
      mode.choose('parsed');
      const answering = this.#dispatch({ call, plan, source: { ...source, mode } });
      source.mode.ledger = mode.ledger;
      source.mode.judged = mode.judged;
      const answer = await answering;
      if (answer.kind !== 'parsed') return answer;
      const encoded = encodeBody(answer.data, answer.props.response, call.surface);
      const served = servedBy(mode.ledger?.ledger);
      if (served) end = this.#keep(key, storedAnswer(encoded, served), plan);
      if (source.mode.chosen() === 'parsed') return answer;
      // The body has been read; who wants the raw response has not read it.
      return { ...answer, props: { ...answer.props, response: responseOf(encoded) } };
    } catch (error) {
      if (asked.source.options.signal?.aborted) end = 'aborted';
      throw error;
    } finally {
      this.#flights.delete(key);
      flight.land(end);
    }
  }

  /** Makes a call for a stream, and keeps what its reader reads to the end. */
  async #record(key: string, asked: AskedCall): Promise<Answer> {
    const { call, plan, source } = asked;
    const answer = await this.#dispatch(asked);
    if (answer.kind !== 'parsed' || !isStream(answer.data)) return answer;
    const recorder = new EventRecorder(call.surface, this.#policy.maxBytes);
    // Not the stream, which would then never be known to be forgotten.
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

/* PART: A call under way whose answer others wait for. */

/** How a flight ended: with an answer for all, by its own caller's abort, or in an error or an answer that is not shared. */
export type FlightEnd = StoredAnswer | 'aborted' | 'failed';

/** What Node's timers can wait for. */
const MAX_WAIT_MS = 2 ** 31 - 1;

class Flight {
  readonly #end = Promise.withResolvers<FlightEnd>();

  land(end: FlightEnd): void {
    this.#end.resolve(end);
  }

  /** The end of the flight; `undefined` where it takes longer than `maxMs`, or the signal is aborted before. */
  join(clock: Clock, maxMs: number, signal: AbortSignal | null | undefined): Promise<FlightEnd | undefined> {
    return new Promise((resolve) => {
      const settle = (end?: FlightEnd): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        resolve(end);
      };
      const onAbort = (): void => settle();
      const timer = clock.setTimeout(settle, Math.min(maxMs, MAX_WAIT_MS), { keepAlive: true });
      signal?.addEventListener('abort', onAbort, { once: true });
      void this.#end.promise.then(settle);
    });
  }
}
