/** Keeps the SDK's own name in the `User-Agent`, which the SDK makes of the name of the client's class. */

import type { OpenAI } from 'openai';

interface Named {
  readonly name: string;
  readonly prototype: OpenAI;
}

/** The method is private in the SDK's types, and the same from 6.0 to 7.59. */
type GetUserAgent = (this: { readonly constructor: unknown }) => string;

/**
 * Makes the clients of `ours` send the `User-Agent` of `base`. Clients of a subclass send the name of that class, as without us. A header that
 * the user sets wins, as in the SDK.
 */
export function keepUserAgent(ours: Named, base: Named): void {
  const { getUserAgent } = base.prototype as unknown as { readonly getUserAgent?: GetUserAgent };
  if (!getUserAgent) return;
  const value: GetUserAgent = function () {
    return getUserAgent.call(this.constructor === ours ? { constructor: base } : this);
  };
  Object.defineProperty(ours.prototype, 'getUserAgent', { value, configurable: true, writable: true });
}
