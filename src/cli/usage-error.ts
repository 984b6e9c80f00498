/** An invalid option or configuration: the program prints only the message, and exits with code 2. */

export class UsageError extends Error {
  override name = 'UsageError';
}
