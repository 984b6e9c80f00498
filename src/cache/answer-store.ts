/** Where answers are kept. The only file that knows `lru-cache`. */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../time/clock.ts';
import type { CachePolicy } from './cache-policy.ts';

/** A whole answer, as it would come again. */
export interface StoredAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** JSON, or server-sent events. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Who gave it, and under which model. */
  readonly upstream: string;
  readonly model: string | undefined;
  /** The id of a Responses API response, which its upstream alone knows. */
  readonly responseId: string | undefined;
  /** What it would have cost on stable, in USD, else what it did cost; `null` when neither is known. */
  readonly savedUsd: number | null;
}

/** What an entry takes beside its body and headers, in bytes, about: objects, hash, list. */
const ENTRY_BYTES = 1_024;

export class AnswerStore {
  readonly #answers: LRUCache<string, StoredAnswer>;

  constructor({ ttlMs, maxBytes }: Pick<CachePolicy, 'ttlMs' | 'maxBytes'>, clock: Clock) {
    this.#answers = new LRUCache({
      maxSize: maxBytes,
      // The library takes whole ms alone, and '1.001s' is 1000.9999999999999 of them.
      ttl: Math.ceil(ttlMs),
      // The library would read its clock once in a while, by a timer of the system.
      ttlResolution: 0,
      perf: { now: () => clock.now() },
      sizeCalculation: ({ body, headers }) =>
        headers.reduce((bytes, [name, value]) => bytes + name.length + value.length, ENTRY_BYTES + body.byteLength),
    });
  }

  /** Bytes of all answers. */
  get bytes(): number {
    return this.#answers.calculatedSize;
  }

  get entries(): number {
    return this.#answers.size;
  }

  get(key: string): StoredAnswer | undefined {
    return this.#answers.get(key);
  }

  /** One that is larger than the store is not kept. */
  set(key: string, answer: StoredAnswer): void {
    this.#answers.set(key, answer);
  }
}
