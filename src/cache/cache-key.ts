/** Tells calls apart: two with one key would send the very same request to the same account. */

import { hash } from 'node:crypto';
import type { CallSource } from '../call/call-services.ts';
import type { Call } from '../domain/call.ts';
import { createBodyPatch } from '../providers/create-body-patch.ts';
import { patchBody } from '../providers/patch-body.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import { KEY_HEADER, UPSTREAM_HEADER } from '../upstream/sdk/request-mark.ts';
import { headerEntries } from '../upstream/sdk/secrets.ts';
import type { OpenAI } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type CachePolicy, partitionOf } from './cache-policy.ts';

/**
 * SHA-256 over the body as it would leave, the upstream and its model, the account, and who asks. Neither prompts nor credentials can be read off it.
 *
 * @throws what `policy.key` throws, and what `JSON.stringify` throws for a body that it cannot encode
 */
export function cacheKeyOf(
  call: Call,
  upstream: Upstream,
  { options, connect }: CallSource,
  { policy, accounts }: { readonly policy: CachePolicy; readonly accounts: Accounts },
): string {
  const { rules } = upstream.config;
  const { partition, ignored } = partitionOf(policy, call, options.body);
  const patch = createBodyPatch(rules, call, options.body);
  const encoded = JSON.stringify(options.body);
  const body =
    patch || ignored.length > 0
      ? patchBody(encoded, { set: patch?.set ?? {}, remove: [...(patch?.remove ?? []), ...ignored] })
      : encoded;
  return hash(
    'sha256',
    JSON.stringify([
      upstream.name,
      upstreamModel(rules.model, call),
      [call.path, call.stream, options.query, options.defaultBaseURL],
      // Who asked for usage sees its chunk, who did not does not, though both send the same body.
      patch?.usageAdded ?? false,
      partition,
      accounts.accountOf(connect(upstream).client),
      headerEntries(options.headers).filter(([name]) => !OF_ONE_CALL.has(name)),
      body,
    ]),
    'base64',
  );
}

/** Headers that say nothing about the answer: our own, and those that name one call only. */
const OF_ONE_CALL: ReadonlySet<string> = new Set([
  KEY_HEADER,
  UPSTREAM_HEADER,
  'traceparent',
  'tracestate',
  'baggage',
  'x-request-id',
  'idempotency-key',
  'x-stainless-helper-method',
]);

/* PART: Whose account a client uses. */

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
