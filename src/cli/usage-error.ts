/** Something the user wrote that cannot be right. */

/** Ends the program with exit code 2 and its message alone. */
export class UsageError extends Error {
  override name = 'UsageError';
}
