/** Something the user wrote that cannot be right. */

/** Ends the program with exit code 2 and its message alone. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** @throws UsageError unless `text` is a number within the bounds */
export function numberOption(name: string, text: string, { min, integer = false }: { min: number; integer?: boolean }) {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= min && (!integer || Number.isInteger(value)))
    return value;
  const kind = integer ? 'a whole number' : 'a number';
  throw new UsageError(`--${name} should be ${kind}, at least ${min}, got ${JSON.stringify(text)}`);
}
