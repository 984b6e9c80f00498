/** Reads what options say. */

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
  const isFit = Number.isFinite(value) && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (text.trim() !== '' && isFit) return value;
  const range = max === Infinity ? `, at least ${min}` : ` between ${min} and ${max}`;
  throw new UsageError(
    `--${name} should be ${integer ? 'a whole number' : 'a number'}${range}, got ${JSON.stringify(text)}`,
  );
}

/** @throws UsageError unless `text` is one of `names`; tells a near one */
export function nameOption(name: string, text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  const near = closestName(text, names);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  throw new UsageError(`--${name} should name one of ${names.join(', ')}, got ${JSON.stringify(text)}${meant}`);
}

/** In ms. @throws UsageError unless `text` is a time like `30s`, longer than nothing */
export function timeOption(name: string, text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new UsageError(`--${name} should be a time like 500ms, 30s, 5m, 4h or 2d, got ${JSON.stringify(text)}`);
}
