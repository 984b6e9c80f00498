/** Reads the limits that a provider advertises in the headers of its responses, errors included. */

import { resetValueMs, type ResponseHeaders } from '../retry-after.ts';

/** What remains of one limit. */
export interface AdvertisedQuota {
  readonly remaining: number;
  /** The limit itself; `undefined` when it is not sent. */
  readonly limit: number | undefined;
  /** Time until the whole limit is available again, in ms; `undefined` when it is not sent. */
  readonly resetMs: number | undefined;
  /** Whether the limit is known to apply to a minute or longer. */
  readonly perMinute: boolean;
}

/** What remains of requests and of tokens. */
export interface AdvertisedLimits {
  readonly requests: AdvertisedQuota | undefined;
  readonly tokens: AdvertisedQuota | undefined;
}

/** Never throws; headers that cannot be read are ignored. */
export function advertisedIn(headers: ResponseHeaders, nowMs: number): AdvertisedLimits {
  return { requests: firstOf(REQUESTS, headers, nowMs), tokens: firstOf(TOKENS, headers, nowMs) };
}

/** The header names of one limit, and whether its period is known to be at least a minute. */
type Names = readonly [remaining: string, limit: string, reset: string, perMinute: boolean];

/**
 * OpenAI, Azure, Groq (whose requests are per day), xAI and most relays
 * (https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers); Anthropic
 * (https://docs.anthropic.com/en/api/rate-limits#response-headers); Mistral, as recorded; and the general names, whose period can
 * have any length (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/).
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
    // A limit of 0 does not count as a limit: a provider that serves no requests sends an error.
    if (limit === 0) continue;
    const resetMs = resetValueMs(headers.get(resetName), headers, nowMs);
    return { remaining, limit, resetMs: resetMs === undefined ? undefined : bounded(resetMs), perMinute };
  }
  return undefined;
}

/** A longer reset is a mistake or malicious. */
const LONGEST_RESET_MS = 86_400_000;

function bounded(resetMs: number): number {
  return Math.min(Math.max(0, resetMs), LONGEST_RESET_MS);
}

/** Some providers send `-1` for "no limit"; it is ignored. */
function count(value: string | null): number | undefined {
  return value !== null && /^\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;
}
