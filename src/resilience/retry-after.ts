/** Reads how long an upstream asks to be left alone, from its headers or its message. */

/** The part of a response's `Headers` that we use. */
export interface ResponseHeaders {
  get(name: string): string | null;
}

/**
 * The wait in ms that the headers `retry-after-ms` and `retry-after` ask for, 0 to a day; `undefined` without them. A date counts
 * from the `date` header, if the response has one, so that the clocks need not agree.
 *
 * Sources: RFC 9110, 10.2.3 (`retry-after`, seconds or a date; some providers send decimals); `retry-after-ms` is sent by
 * OpenAI and Azure and read by their SDKs.
 *
 * @param nowMs ms since the Unix epoch; without it and without a `date` header, dates are ignored
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
 * The wait in ms after a rate limit: that of `retryAfterMs()`, else that of the message, else the time until the limit resets.
 * The message comes before the reset, since it concerns this request, while a reset concerns the whole limit.
 */
export function rateLimitWaitMs(
  headers: ResponseHeaders | undefined,
  nowMs?: number,
  message = '',
): number | undefined {
  return retryAfterMs(headers, nowMs) ?? proseWaitMs(message) ?? bounded(resetMs(headers, nowMs));
}

/**
 * The wait in ms that a message names: "try again in 174ms", "in 9m38.016s", "retry after 33 seconds". OpenAI, Azure and Gemini
 * often state it nowhere else.
 */
export function proseWaitMs(message: string): number | undefined {
  return bounded(durationMs(PROSE.exec(message)?.[1]));
}

/**
 * `x-ratelimit-reset-requests` and `-tokens` are durations (OpenAI: "6m0s"), `x-ratelimit-reset` is mostly a time. Only limits
 * that are, or may be, used up count.
 */
function resetMs(headers: ResponseHeaders | undefined, nowMs: number | undefined): number | undefined {
  if (!headers) return undefined;
  const usedUp = ['-requests', '-tokens', '']
    .filter((suffix) => !((decimal(headers.get(`x-ratelimit-remaining${suffix}`)) ?? 0) > 0))
    .map((suffix) => resetValueMs(headers.get(`x-ratelimit-reset${suffix}`), headers, nowMs))
    .filter((waitMs) => waitMs !== undefined);
  if (usedUp.length > 0) return Math.max(...usedUp);
  // A request needs many tokens, so too few may remain. It needs one request, so any that remains is enough.
  return resetValueMs(headers.get('x-ratelimit-reset-tokens'), headers, nowMs);
}

/**
 * The wait in ms that the value of a reset header names: a duration ("6m0s"), a date, or a bare number. By its size, a number is
 * a time in ms or s since the Unix epoch, or a wait in seconds.
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

/** `Date.parse` accepts almost anything that ends in a number, so the start of the value is checked first. */
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
// Bounded, so that matching takes time linear in the length of the text.
const AMOUNT = '\\d{1,12}(?:\\.\\d{1,12})?';
const PART = new RegExp(`(${AMOUNT})\\s{0,2}(${UNIT})`, 'g');
const PROSE = new RegExp(
  `\\b(?:try again|retry|wait)\\b[^.\\d]{0,40}\\s((?:${AMOUNT}\\s{0,2}${UNIT}(?:,|\\s|and){0,6})+)`,
  'i',
);
const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A longer wait is a mistake or malicious; the upstream is then tried once a day. */
const LONGEST_WAIT_MS = 86_400_000;

/** Since 2001, times in s since the Unix epoch are above the first and those in ms above the second; no wait is. */
const EPOCH_IN_S = 1e9;
const EPOCH_IN_MS = 1e12;
