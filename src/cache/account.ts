/** Whose account a client uses. */

import { headerEntries } from '../upstream/sdk/header-entries.ts';
import type { OpenAI } from '../upstream/sdk/types.ts';

/** What the SDK keeps of the options of a client. */
interface Internals {
  readonly _options?: {
    readonly apiKey?: unknown;
    readonly workloadIdentity?: unknown;
    readonly defaultHeaders?: unknown;
    readonly defaultQuery?: unknown;
  };
  readonly fetch?: unknown;
}

/**
 * Tells the accounts of clients apart: clones of one client (`withOptions`) share the cache, and may be of several. Who has its key from a function is
 * known by that function: it has no key before its first call, and another one each time that it is renewed.
 */
export class Accounts {
  /** Objects and functions have no name; each is known by its number, as long as it lives. */
  readonly #numbers = new WeakMap<object, number>();
  #numbered = 0;

  /** What is the same for clients of one account alone, as JSON can tell it. It may hold credentials. */
  accountOf(client: OpenAI): readonly unknown[] {
    const { baseURL, apiKey, organization, project } = client;
    const { _options = {}, fetch } = client as unknown as Internals;
    const { apiKey: given, workloadIdentity, defaultHeaders, defaultQuery } = _options;
    // A `fetch` of its own may bring credentials of its own.
    const sources = [given, workloadIdentity, fetch].map((source) => this.#numberOf(source));
    const key = typeof given === 'function' ? undefined : apiKey;
    return [baseURL, key, sources, organization, project, headerEntries(defaultHeaders), defaultQuery];
  }

  #numberOf(source: unknown): number | undefined {
    if (typeof source !== 'function' && (typeof source !== 'object' || source === null)) return undefined;
    let number = this.#numbers.get(source);
    if (number === undefined) this.#numbers.set(source, (number = this.#numbered += 1));
    return number;
  }
}
