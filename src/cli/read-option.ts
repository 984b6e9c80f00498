/** Parses the values of options. */

import { durationMs } from '../domain/duration.ts';
import { closestName } from '../domain/check.ts';
import { UsageError } from './usage-error.ts';

interface NumberBounds {
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** @throws UsageError unless `text` is a number within the bounds */
export function numberOption(name: string, text: string, { min, max = Infinity, integer = false }: NumberBounds) {
  const value = Number(text);
  const isValid = Number.isFinite(value) && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (text.trim() !== '' && isValid) return value;
  const range = max === Infinity ? `, at least ${min}` : ` between ${min} and ${max}`;
  throw new UsageError(
    `--${name} should be ${integer ? 'a whole number' : 'a number'}${range}, got ${JSON.stringify(text)}`,
  );
}

/** @throws UsageError unless `text` is one of `names`; the message suggests the closest name */
export function nameOption(name: string, text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  const closest = closestName(text, names);
  const suggestion = closest === undefined ? '' : `; did you mean ${closest}?`;
  throw new UsageError(`--${name} should be one of ${names.join(', ')}, got ${JSON.stringify(text)}${suggestion}`);
}

/** @returns ms @throws UsageError unless `text` is a duration like `30s`, above 0 */
export function timeOption(name: string, text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new UsageError(`--${name} should be a duration like 500ms, 30s, 5m, 4h or 2d, got ${JSON.stringify(text)}`);
}
