/** Stores answers in memory. The only file that imports `lru-cache`. */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../time/clock.ts';
import type { CachePolicy } from './cache-policy.ts';

/** A whole answer, ready to be replayed. */
export interface StoredAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** JSON, or server-sent events. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The upstream and the model that produced it. */
  readonly upstream: string;
  readonly model: string | undefined;
  /** The id of a Responses API response; only its upstream can continue it. */
  readonly responseId: string | undefined;
  /** USD that each replay saves: the cost on stable, or the actual cost if that is unknown; `null` if neither is known. */
  readonly savedUsd: number | null;
}

/** Estimated overhead of an entry beyond its body and headers, in bytes: objects, hash, list node. */
const ENTRY_BYTES = 1_024;

export class AnswerStore {
  readonly #answers: LRUCache<string, StoredAnswer>;

  constructor({ ttlMs, maxBytes }: Pick<CachePolicy, 'ttlMs' | 'maxBytes'>, clock: Clock) {
    this.#answers = new LRUCache({
      maxSize: maxBytes,
      // The library accepts only whole ms, and '1.001s' parses to 1000.9999999999999.
      ttl: Math.ceil(ttlMs),
      // Otherwise the library caches the time with a real timer, which a manual clock does not drive.
      ttlResolution: 0,
      perf: { now: () => clock.now() },
      sizeCalculation: ({ body, headers }) =>
        headers.reduce((bytes, [name, value]) => bytes + name.length + value.length, ENTRY_BYTES + body.byteLength),
    });
  }

  /** Total size of all answers, in bytes. */
  get bytes(): number {
    return this.#answers.calculatedSize;
  }

  get entries(): number {
    return this.#answers.size;
  }

  get(key: string): StoredAnswer | undefined {
    return this.#answers.get(key);
  }

  /** An answer larger than the store is dropped. */
  set(key: string, answer: StoredAnswer): void {
    this.#answers.set(key, answer);
  }
}
