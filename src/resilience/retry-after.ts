/** Reads how long an upstream asks to be left alone, from its headers or its message. */

/** The part of a response's `Headers` that we use. */
export interface ResponseHeaders {
  get(name: string): string | null;
}

/**
 * The wait in ms that the headers `retry-after-ms`, `x-ms-retry-after-ms` or `retry-after` ask for, 0 to an hour; `undefined` without
 * them. A negative or past one counts as none. A date counts from the `date` header, if the response has one, so that the clocks need
 * not agree.
 *
 * Sources: RFC 9110, 10.2.3 (`retry-after`, seconds or a date; some providers send decimals, some a time since the Unix epoch);
 * `retry-after-ms` is sent by OpenAI and Azure and read by their SDKs, `x-ms-retry-after-ms` by Azure.
 *
 * @param nowMs ms since the Unix epoch; without it and without a `date` header, dates are ignored
 */
export function retryAfterMs(headers: ResponseHeaders | undefined, nowMs?: number): number | undefined {
  if (!headers) return undefined;
  return (
    bounded(resetValueMs(headers.get('retry-after-ms'), headers, nowMs, 1)) ??
    bounded(resetValueMs(headers.get('x-ms-retry-after-ms'), headers, nowMs, 1)) ??
    bounded(resetValueMs(headers.get('retry-after'), headers, nowMs))
  );
}

/**
 * The wait in ms after a rate limit: that of `retryAfterMs()`, else that of the body, else the time until the limit resets. The body
 * comes before the reset, since it concerns this request, while a reset concerns the whole limit.
 *
 * @param statedMs the wait that the body states
 */
export function rateLimitWaitMs(
  headers: ResponseHeaders | undefined,
  nowMs?: number,
  statedMs?: number,
): number | undefined {
  return retryAfterMs(headers, nowMs) ?? statedMs ?? bounded(headers && usedUpMs(headers, nowMs));
}

/** The wait in ms that the body of an error states, in its message or as Google's `RetryInfo`: the longer one, since the latter may be rounded down. */
export function statedWaitMs(message: string, body: unknown): number | undefined {
  const proseMs = proseWaitMs(message);
  const infoMs = retryInfoMs(body);
  return proseMs === undefined || infoMs === undefined ? (proseMs ?? infoMs) : Math.max(proseMs, infoMs);
}

/**
 * The wait in ms that a message names: "try again in 174ms", "in 9m38.016s", "retry after 33 seconds". OpenAI, Azure and Gemini
 * often state it nowhere else.
 */
export function proseWaitMs(message: string): number | undefined {
  return bounded(durationMs(PROSE.exec(message)?.[1]));
}

/**
 * `google.rpc.RetryInfo` among the details of an error: `"retryDelay": "34.07s"`. Gemini sends it, at times within an array, and relays
 * pass it on as a string within their own error.
 */
function retryInfoMs(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const [, seconds] = RETRY_INFO.exec(JSON.stringify(body)) ?? [];
  return seconds === undefined ? undefined : bounded(Number(seconds) * 1000);
}

const RETRY_INFO = /retryDelay\\{0,8}"\s{0,4}:\s{0,4}\\{0,8}"(\d{1,12}(?:\.\d{1,12})?)s/i;

/** A limit: the headers with what is left of it, and with the time at which it is full again. */
type LimitHeaders = readonly [remaining: string, reset: string];

/**
 * OpenAI, Azure and Groq send durations (`x-ratelimit-reset-requests: 6m0s`), OpenRouter ms since the Unix epoch
 * (`x-ratelimit-reset`), Cerebras seconds by minute, hour and day, Anthropic dates.
 */
const LIMIT_HEADERS: readonly LimitHeaders[] = [
  ...['-requests', '-tokens', ''].map((suffix): LimitHeaders => limitHeaders('x-ratelimit', suffix)),
  ...['requests', 'tokens'].flatMap((unit) =>
    ['minute', 'hour', 'day'].map((per): LimitHeaders => limitHeaders('x-ratelimit', `-${unit}-${per}`)),
  ),
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((unit): LimitHeaders => {
    const name = `anthropic-ratelimit-${unit}`;
    return [`${name}-remaining`, `${name}-reset`];
  }),
  // A draft of the IETF: seconds.
  limitHeaders('ratelimit', ''),
];

function limitHeaders(prefix: string, suffix: string): LimitHeaders {
  return [`${prefix}-remaining${suffix}`, `${prefix}-reset${suffix}`];
}

/** The time in ms until the limits that are used up reset: of those that say so, or else of those that do not say what is left. */
function usedUpMs(headers: ResponseHeaders, nowMs: number | undefined): number | undefined {
  const usedUp: number[] = [];
  const unstated: number[] = [];
  for (const [remaining, reset] of LIMIT_HEADERS) {
    const left = decimal(headers.get(remaining));
    if (left !== undefined && left > 0) continue;
    const waitMs = resetValueMs(headers.get(reset), headers, nowMs);
    if (waitMs !== undefined && waitMs >= 0) (left === undefined ? unstated : usedUp).push(waitMs);
  }
  if (usedUp.length > 0) return Math.max(...usedUp);
  if (unstated.length > 0) return Math.max(...unstated);
  // A request needs many tokens, so too few may remain. It needs one request, so any that remains is enough.
  return resetValueMs(headers.get('x-ratelimit-reset-tokens'), headers, nowMs);
}

/**
 * The wait in ms that the value of a header names: a duration ("6m0s"), a date, or a bare number. By its size, a number is a time in
 * ms or s since the Unix epoch, or a wait. Negative for a time that has passed.
 *
 * @param numberUnitMs the unit of a number that is a wait, in ms
 */
export function resetValueMs(
  value: string | null,
  headers: ResponseHeaders,
  nowMs: number | undefined,
  numberUnitMs = 1000,
): number | undefined {
  if (value === null) return undefined;
  const number = decimal(value);
  if (number === undefined) return durationOf(value) ?? untilMs(httpDateMs(value), headers, nowMs);
  if (number > EPOCH_IN_MS) return untilMs(number, headers, nowMs);
  if (number > EPOCH_IN_S) return untilMs(number * 1000, headers, nowMs);
  return number * numberUnitMs;
}

function untilMs(
  atMs: number | undefined,
  headers: ResponseHeaders | undefined,
  nowMs: number | undefined,
): number | undefined {
  const fromMs = httpDateMs(headers?.get('date')) ?? nowMs;
  return atMs === undefined || fromMs === undefined ? undefined : atMs - fromMs;
}

/** A negative wait is none. */
function bounded(waitMs: number | undefined): number | undefined {
  return waitMs === undefined || !(waitMs >= 0) ? undefined : Math.min(waitMs, LONGEST_WAIT_MS);
}

function decimal(value: string | null | undefined): number | undefined {
  return value && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** `Date.parse` accepts almost anything that ends in a number, so the start of the value is checked first. */
function httpDateMs(value: string | null | undefined): number | undefined {
  const parsedMs = value && /^\s*((mon|tue|wed|thu|fri|sat|sun)|\d{4}-\d\d-)/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(parsedMs) ? undefined : parsedMs;
}

/** A header's value that is a duration and nothing else, such as "6m0s". */
function durationOf(value: string): number | undefined {
  return DURATION.test(value) ? durationMs(value) : undefined;
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
const DURATION = new RegExp(`^\\s*-?(?:${AMOUNT}\\s{0,2}${UNIT}\\s{0,2}){1,8}$`, 'i');
const PROSE = new RegExp(
  `\\b(?:try again|retry|wait|resets?)\\b[^.\\d]{0,40}\\s((?:${AMOUNT}\\s{0,2}${UNIT}(?:,|\\s|and){0,6})+)`,
  'i',
);
const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A longer wait is a mistake, malicious, or the end of a daily limit: the model is then tried once an hour. */
const LONGEST_WAIT_MS = 3_600_000;

/** Since 2001, times in s since the Unix epoch are above the first and those in ms above the second; no wait is. */
const EPOCH_IN_S = 1e9;
const EPOCH_IN_MS = 1e12;
