/** A provider on the loopback interface that strictly enforces its rate limits over any sixty seconds. */

import type { Clock } from '../../src/index.ts';
import { startProvider, type Provider } from '../../src/testing/index.ts';

/** The format of a reset header: a duration, seconds from now, or a time in seconds or ms. */
export type ResetForm = 'duration' | 'seconds' | 'epochSeconds' | 'epochMs';

export interface LimitingOptions {
  readonly clock: Clock;
  readonly rpm: number;
  readonly tpm: number;
  readonly latencyMs: number;
  /** The format of the rate-limit headers; `undefined` for no headers. */
  readonly tells: ResetForm | undefined;
}

/** The tokens of every answer. */
export const TOKENS_PER_ANSWER = 50;

export function startLimitingProvider({ clock, rpm, tpm, latencyMs, tells }: LimitingOptions): Promise<Provider> {
  const requests = new Quota(rpm, clock);
  const tokens = new Quota(tpm, clock);
  const headers = tells === undefined ? {} : headersOf(requests, tokens, tells, clock);
  const admits = (): boolean => {
    if (!requests.fits(1) || !tokens.fits(TOKENS_PER_ANSWER)) return false;
    requests.take(1);
    tokens.take(TOKENS_PER_ANSWER);
    return true;
  };
  return startProvider({
    clock,
    latencyMs,
    usage: () => ({ promptTokens: 20, completionTokens: TOKENS_PER_ANSWER - 20 }),
    faults: { '*': { kind: 'status', status: 429, headers, when: () => !admits() } },
    headers,
  });
}

/** A quota over sixty rolling seconds. */
class Quota {
  readonly limit: number;
  readonly #clock: Clock;
  #log: { readonly atMs: number; readonly points: number }[] = [];

  constructor(limit: number, clock: Clock) {
    this.limit = limit;
    this.#clock = clock;
  }

  get used(): number {
    this.#log = this.#log.filter(({ atMs }) => atMs > this.#clock.now() - 60_000);
    return this.#log.reduce((sum, { points }) => sum + points, 0);
  }

  /** Milliseconds until the full quota is available again. */
  get resetMs(): number {
    const last = this.used > 0 ? this.#log.at(-1) : undefined;
    return last ? last.atMs + 60_000 - this.#clock.now() : 0;
  }

  fits(points: number): boolean {
    return this.used + points <= this.limit;
  }

  take(points: number): void {
    this.#log.push({ atMs: this.#clock.now(), points });
  }
}

/** The rate-limit headers, computed for each answer. */
function headersOf(requests: Quota, tokens: Quota, form: ResetForm, clock: Clock): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, quota] of [
    ['requests', requests],
    ['tokens', tokens],
  ] as const) {
    const enumerable = true;
    Object.defineProperties(headers, {
      [`x-ratelimit-limit-${name}`]: { enumerable, get: () => String(quota.limit) },
      [`x-ratelimit-remaining-${name}`]: { enumerable, get: () => String(quota.limit - quota.used) },
      [`x-ratelimit-reset-${name}`]: { enumerable, get: () => resetText(quota.resetMs, form, clock) },
    });
  }
  return headers;
}

function resetText(resetMs: number, form: ResetForm, clock: Clock): string {
  const resetAtMs = clock.now() + resetMs;
  switch (form) {
    case 'duration':
      return `${Math.floor(resetMs / 60_000)}m${(resetMs % 60_000) / 1_000}s`;
    case 'seconds':
      return String(resetMs / 1_000);
    case 'epochSeconds':
      return String(resetAtMs / 1_000);
    case 'epochMs':
      return String(resetAtMs);
    default:
      return form satisfies never;
  }
}
