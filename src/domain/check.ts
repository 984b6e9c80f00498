/** Checks of user options. Each failure names the option, the rule and the value. */

import type { CallKey } from './call.ts';
import { type Duration, durationMs } from './duration.ts';
import { ConfigError } from './errors.ts';

/** The range that a number must lie in; both bounds are inclusive. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** @throws ConfigError unless `value` is a number within `bounds` */
export function checkNumber(path: string, value: unknown, bounds: Bounds): number {
  const { min, max, integer } = bounds;
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (!integer || Number.isInteger(value));
  if (fits) return value;
  throw new ConfigError(path, `should be ${rangeOf(bounds)}, got ${formatValue(value)}`);
}

/** @throws ConfigError unless `value` is a number of ms or a string like `'30s'`, at least `min` and at most 24 days */
export function checkDuration(path: string, value: Duration, { min = 1 }: { min?: number } = {}): number {
  const ms = durationMs(value);
  if (ms !== undefined && ms >= min && ms <= MAX_DURATION_MS) return ms;
  const form = "should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d'";
  throw new ConfigError(path, `${form}${durationBounds(ms, min)}, got ${formatValue(value)}`);
}

/** @throws ConfigError unless `value` is `true` or `false`; `hint` ends the message */
export function checkBoolean(path: string, value: unknown, hint = ''): boolean {
  if (typeof value === 'boolean') return value;
  throw new ConfigError(path, `should be true or false, got ${formatValue(value)}${hint}`);
}

/** @throws ConfigError unless `value` is one of `allowed`; the message suggests the closest one */
export function checkOneOf<const Name extends string>(path: string, value: unknown, allowed: readonly Name[]): Name {
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  throw new ConfigError(
    path,
    `should be one of ${allowed.join(', ')}, got ${formatValue(value)}${didYouMean(value, allowed)}`,
  );
}

/** @throws ConfigError unless `value` is an object and not a list; `noun` describes the object */
export function checkObject(path: string, value: unknown, noun = 'an object'): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new ConfigError(path, `should be ${noun}, got ${kindOf(value)}`);
}

/** @throws ConfigError unless `value` is a list; `noun` describes the list */
export function checkList(path: string, value: unknown, noun: string): void {
  if (!Array.isArray(value)) throw new ConfigError(path, `should be ${noun}, got ${kindOf(value)}`);
}

/** @throws ConfigError unless `value` is an object whose keys are all in `allowed` */
export function checkKeys(path: string, value: object, allowed: readonly string[]): void {
  checkObject(path, value);
  for (const key of Object.keys(value)) {
    if (allowed.includes(key)) continue;
    throw new ConfigError(`${path}.${key}`, `is not an option${didYouMean(key, allowed)}`);
  }
}

/** @throws ConfigError unless `value` is a non-empty string; `noun` describes it */
export function checkText(path: string, value: unknown, noun: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ConfigError(path, `should be ${noun}, got ${formatValue(value)}`);
}

/** @throws ConfigError unless `value` is a function or `undefined` */
export function checkFunction<F>(path: string, value: F): F {
  if (value === undefined || typeof value === 'function') return value;
  throw new ConfigError(path, `should be a function, got ${kindOf(value)}`);
}

/** @throws ConfigError unless `value` has these methods */
export function checkMethods<T extends object>(path: string, value: T, methods: readonly (keyof T & string)[]): T {
  const missing = methods.find((method) => typeof (value as T | null)?.[method] !== 'function');
  if (missing === undefined) return value;
  throw new ConfigError(path, `should have the methods ${methods.join(' and ')}, got ${formatValue(value)}`);
}

/**
 * @param variable the environment variable that the key comes from, if any
 * @throws ConfigError for a key that is blank or contains white space; the message never shows the key
 */
export function checkApiKey(path: string, value: unknown, variable?: string): void {
  if (value === undefined || value === null || typeof value === 'function') return;
  if (typeof value !== 'string') throw new ConfigError(path, 'should be a string, or a function that resolves to one');
  if (value.trim() === '') throw new ConfigError(path, 'should not be blank');
  const culprit = variable === undefined ? '' : `, but ${variable} does`;
  if (/\s/.test(value)) throw new ConfigError(path, `should not contain white space${culprit}`);
}

/** A value in readable form: short, on one line. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Like `formatValue`, but never shows a string: a string in place of an object may be a secret. */
export function kindOf(value: unknown): string {
  return typeof value === 'string' ? 'a string' : formatValue(value);
}

/** Whether a value can be the key of a call. An empty string and `NaN` are of the right type, but stand for no key. */
export function isKeyLike(value: unknown): value is CallKey {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}

/** The longest delay of a Node timer, about 24.8 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** The bound that a duration violates; the bound of `min` for a value that is not a duration. */
function durationBounds(ms: number | undefined, min: number): string {
  if (ms !== undefined && ms > MAX_DURATION_MS) return ', at most 24 days';
  if (min === 0) return '';
  return min === 1 ? ', above 0' : `, at least ${min} ms`;
}

function rangeOf({ min, max, integer }: Bounds): string {
  const noun = integer ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined)
    return integer ? `${noun} between ${min} and ${max}` : `between ${min} and ${max}`;
  if (min !== undefined) return min === 0 && !integer ? 'a non-negative number' : `${noun}, at least ${min}`;
  return noun;
}

function didYouMean(value: unknown, allowed: readonly string[]): string {
  const near = typeof value === 'string' ? closestName(value, allowed) : undefined;
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** @throws ConfigError unless `list` contains only upstreams of `names`, each at most once */
export function checkNames(path: string, list: readonly unknown[], names: readonly string[]): readonly string[] {
  checkList(path, list, 'a list of upstreams');
  const checked = list.map((name, index) => checkOneOf(`${path}[${index}]`, name, names));
  const twice = checked.find((name, index) => checked.indexOf(name) !== index);
  if (twice !== undefined) throw new ConfigError(path, `should name each upstream once, got ${twice} twice`);
  return checked;
}

/**
 * The valid name closest to a misspelled one, if it is close: at most two letters differ, and at most half of its
 * letters.
 */
export function closestName(written: string, names: readonly string[]): string | undefined {
  const candidates = names.map((name) => ({ name, wrong: distance(written.toLowerCase(), name.toLowerCase()) }));
  const near = candidates.filter(({ name, wrong }) => wrong <= Math.min(2, name.length / 2));
  return near.toSorted((one, other) => one.wrong - other.wrong)[0]?.name;
}

/** The Levenshtein edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
