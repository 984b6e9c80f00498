/** How long an upstream asks to be left alone, from its headers or its prose. */

/** What is needed of a response's headers. */
export interface ResponseHeaders {
  get(name: string): string | null;
}

/**
 * The wait in milliseconds that the headers ask for outright; `undefined` when they do not. At least 0, at most a day.
 * A date counts from the response's own `date`, where it has one, so that clocks need not agree.
 *
 * Sources: RFC 9110, 10.2.3 (`retry-after`, seconds or a date; some providers send decimals); `retry-after-ms` is sent by
 * OpenAI and Azure and read by their SDKs.
 *
 * @param nowMs ms since the Unix epoch; without it and without a `date` header, dates say nothing
 */
export function retryAfterMs(headers: ResponseHeaders | undefined, nowMs?: number): number | undefined {
  const afterMs = decimal(headers?.get('retry-after-ms'));
  if (afterMs !== undefined) return bounded(afterMs);
  const after = headers?.get('retry-after');
  const afterSeconds = decimal(after);
  if (afterSeconds !== undefined) return bounded(afterSeconds * 1000);
  return bounded(untilMs(httpDateMs(after), headers, nowMs));
}

/**
 * The wait in milliseconds after a rate limit: as `retryAfterMs()`, else what the message says, else when the limit is
 * reset. The message comes before the reset, since it speaks of this request and a reset of the whole allowance.
 */
export function rateLimitWaitMs(
  headers: ResponseHeaders | undefined,
  nowMs?: number,
  message = '',
): number | undefined {
  return retryAfterMs(headers, nowMs) ?? proseWaitMs(message) ?? bounded(resetMs(headers, nowMs));
}

/**
 * The wait in milliseconds that a message names: "try again in 174ms", "in 9m38.016s", "retry after 33 seconds".
 * OpenAI, Azure and Gemini often say it nowhere else.
 */
export function proseWaitMs(message: string): number | undefined {
  return bounded(durationMs(PROSE.exec(message)?.[1]));
}

/**
 * `x-ratelimit-reset-requests` and `-tokens` are durations (OpenAI: "6m0s"), `x-ratelimit-reset` mostly a time. Only a
 * limit that is used up, or may be, counts.
 */
function resetMs(headers: ResponseHeaders | undefined, nowMs: number | undefined): number | undefined {
  if (!headers) return undefined;
  const usedUp = ['-requests', '-tokens', '']
    .filter((suffix) => !((decimal(headers.get(`x-ratelimit-remaining${suffix}`)) ?? 0) > 0))
    .map((suffix) => resetValueMs(headers.get(`x-ratelimit-reset${suffix}`), headers, nowMs))
    .filter((waitMs) => waitMs !== undefined);
  if (usedUp.length > 0) return Math.max(...usedUp);
  // A request takes one whole unit of its limit but many tokens: tokens can be short while some remain.
  return resetValueMs(headers.get('x-ratelimit-reset-tokens'), headers, nowMs);
}

/**
 * The wait in ms that the value of a reset header names: a duration ("6m0s"), a date, or a bare number, which is a time in ms or in s
 * since the epoch, or else seconds, by its size.
 */
export function resetValueMs(
  value: string | null,
  headers: ResponseHeaders,
  nowMs: number | undefined,
): number | undefined {
  const number = decimal(value);
  if (number === undefined) return durationMs(value) ?? untilMs(httpDateMs(value), headers, nowMs);
  if (number > EPOCH_IN_MS) return untilMs(number, headers, nowMs);
  if (number > EPOCH_IN_S) return untilMs(number * 1000, headers, nowMs);
  return number * 1000;
}

function untilMs(
  atMs: number | undefined,
  headers: ResponseHeaders | undefined,
  nowMs: number | undefined,
): number | undefined {
  const fromMs = httpDateMs(headers?.get('date')) ?? nowMs;
  return atMs === undefined || fromMs === undefined ? undefined : atMs - fromMs;
}

function bounded(waitMs: number | undefined): number | undefined {
  return waitMs === undefined ? undefined : Math.min(Math.max(0, waitMs), LONGEST_WAIT_MS);
}

function decimal(value: string | null | undefined): number | undefined {
  return value && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** `Date.parse` makes a date of almost anything that ends in a number, so the start of the value is looked at first. */
function httpDateMs(value: string | null | undefined): number | undefined {
  const parsedMs = value && /^\s*((mon|tue|wed|thu|fri|sat|sun)|\d{4}-\d\d-)/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(parsedMs) ? undefined : parsedMs;
}

/** "6m0s", "1h2m3.5s", "174ms", "-1s", "20 seconds", "1 minute and 5 seconds". */
function durationMs(text: string | null | undefined): number | undefined {
  if (!text) return undefined;
  const parts = [...text.toLowerCase().matchAll(PART)];
  if (parts.length === 0) return undefined;
  const sumMs = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * unitMs(unit), 0);
  return text.startsWith('-') ? -sumMs : sumMs;
}

function unitMs(unit: string): number {
  return UNIT_MS[/^m(s|il)/.test(unit) ? 'ms' : unit.charAt(0)] ?? 0;
}

const UNIT = '(?:days?|d|hours?|hrs?|h|milliseconds?|millis|ms|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])';
// Bounded, so that matching takes no longer than the text is long.
const AMOUNT = '\\d{1,12}(?:\\.\\d{1,12})?';
const PART = new RegExp(`(${AMOUNT})\\s{0,2}(${UNIT})`, 'g');
const PROSE = new RegExp(
  `\\b(?:try again|retry|wait)\\b[^.\\d]{0,40}\\s((?:${AMOUNT}\\s{0,2}${UNIT}(?:,|\\s|and){0,6})+)`,
  'i',
);
const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A longer wait is a mistake or a malice; the upstream is then asked once a day. */
const LONGEST_WAIT_MS = 86_400_000;

/** Seconds since the epoch are above this since 2001, and no wait is. Milliseconds are above the other. */
const EPOCH_IN_S = 1e9;
const EPOCH_IN_MS = 1e12;
