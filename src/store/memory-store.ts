/** State of this process only. */

import type { Store } from '../domain/store.ts';
import { emptyEntries, giveBack, messagesAfter, putMessage, takeLease, writeValue } from './entries.ts';

/** What a store may be given. */
export interface StoreOptions {
  /** By which leases end; all that share a store should agree on the time. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/**
 * A store that is gone with the process. Several clients of one process may share it.
 *
 * @example new CanaryClient({ canary: { store: memoryStore(), rollout } })
 */
export function memoryStore({ now = Date.now }: StoreOptions = {}): Store {
  const entries = emptyEntries();
  return {
    persistent: false,
    // What is handed out is a copy: nobody changes what is stored by changing what he read.
    read: async (key) => structuredClone(entries.values[key]),
    write: async (key, value, fence) => writeValue(entries, key, structuredClone(value), fence),
    lease: async (key, holder, forMs) => takeLease(entries, key, { holder, forMs, nowMs: now() }),
    release: async (key, holder) => giveBack(entries, key, holder),
    post: async (box, message) => putMessage(entries, box, structuredClone(message)),
    messages: async (box, afterId) => structuredClone(messagesAfter(entries, box, afterId)),
  };
}
