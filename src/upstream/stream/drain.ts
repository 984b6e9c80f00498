/** Reads a stream on for nobody but the account. */

import type { StreamGuard } from './guard.ts';

/** Until the stream ends, breaks off or falls silent: after its reader has left that is nobody's failure. */
export async function drain<Item>(source: AsyncIterator<Item, unknown>, guard: StreamGuard<Item>): Promise<void> {
  try {
    for (;;) {
      guard.idle?.waiting();
      const result = await source.next();
      guard.idle?.came();
      if (result.done) return;
      guard.see(result.value);
    }
  } catch {
    // As above.
  }
}
