/** The user's own `key` function, made safe for calls. */

import type { KeyOption } from '../call/describe-call.ts';
import type { ResolvedOptions } from '../runtime/resolve-options.ts';

/** A function that throws names no key, and `failed` is told. */
export function safeKey(key: NonNullable<ResolvedOptions['key']>, failed: (error: unknown) => void): KeyOption {
  return ({ surface, model, task, attributes }, body) => {
    try {
      return key({ surface, model, task, attributes, body });
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
}
