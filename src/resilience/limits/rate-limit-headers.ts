/** What a provider says of its limits in the headers of an answer, good or bad. */

import { resetValueMs, type ResponseHeaders } from '../retry-after.ts';

/** What is left of one limit. */
export interface AdvertisedQuota {
  readonly remaining: number;
  /** The limit itself, if it is told. */
  readonly limit: number | undefined;
  /** How long until all of it is there again, in ms; `undefined` when that is not told. */
  readonly resetMs: number | undefined;
  /** The limit is known to be one per minute or longer. */
  readonly perMinute: boolean;
}

/** What is left for requests and for tokens. */
export interface ToldLimits {
  readonly requests: AdvertisedQuota | undefined;
  readonly tokens: AdvertisedQuota | undefined;
}

/** Never throws; what cannot be read is not told. */
export function advertisedIn(headers: ResponseHeaders, nowMs: number): ToldLimits {
  return { requests: firstOf(REQUESTS, headers, nowMs), tokens: firstOf(TOKENS, headers, nowMs) };
}

/** The names of one limit's headers, and whether its period is known to be a minute at least. */
type Names = readonly [remaining: string, limit: string, reset: string, perMinute: boolean];

/**
 * OpenAI, Azure, Groq (whose requests are per day), xAI and most relays
 * (https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers); Anthropic
 * (https://docs.anthropic.com/en/api/rate-limits#response-headers); Mistral, as recorded; and the general names, whose period may
 * be of any length (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/).
 */
const REQUESTS: readonly Names[] = [
  named('x-ratelimit-*-requests', true),
  named('anthropic-ratelimit-requests-*', true),
  named('x-ratelimit-*-req-minute', true),
  named('x-ratelimit-*', false),
  named('ratelimit-*', false),
];

const TOKENS: readonly Names[] = [
  named('x-ratelimit-*-tokens', true),
  named('anthropic-ratelimit-tokens-*', true),
  named('x-ratelimit-*-tokens-minute', true),
];

function named(pattern: string, perMinute: boolean): Names {
  const [remaining, limit, reset] = ['remaining', 'limit', 'reset'].map((word) => pattern.replace('*', word));
  return [remaining ?? '', limit ?? '', reset ?? '', perMinute];
}

function firstOf(forms: readonly Names[], headers: ResponseHeaders, nowMs: number): AdvertisedQuota | undefined {
  for (const [remainingName, limitName, resetName, perMinute] of forms) {
    const remaining = count(headers.get(remainingName));
    if (remaining === undefined) continue;
    const limit = count(headers.get(limitName));
    // A limit of nothing is none: who answers nobody sends an error.
    if (limit === 0) continue;
    const resetMs = resetValueMs(headers.get(resetName), headers, nowMs);
    return { remaining, limit, resetMs: resetMs === undefined ? undefined : bounded(resetMs), perMinute };
  }
  return undefined;
}

/** A longer reset is a mistake or a malice. */
const LONGEST_RESET_MS = 86_400_000;

function bounded(resetMs: number): number {
  return Math.min(Math.max(0, resetMs), LONGEST_RESET_MS);
}

/** Some providers write `-1` for "no limit"; that tells nothing. */
function count(value: string | null): number | undefined {
  return value !== null && /^\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;
}
