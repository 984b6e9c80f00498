/** The cache key of a call: calls with equal keys would send the same request to the same account. */

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
 * SHA-256 over the body as it would be sent, the upstream and its model, the account, and the partition (key and cache key). It reveals neither prompts
 * nor credentials.
 *
 * @throws errors of `policy.key`, and of `JSON.stringify` for a body that cannot be encoded
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
      // The usage chunk is hidden from callers that did not request it, although both kinds send the same body.
      patch?.usageAdded ?? false,
      partition,
      accounts.accountOf(connect(upstream).client),
      headerEntries(options.headers).filter(([name]) => !PER_CALL_HEADERS.has(name)),
      body,
    ]),
    'base64',
  );
}

/** Headers that do not affect the answer: our own, and those that identify a single call. */
const PER_CALL_HEADERS: ReadonlySet<string> = new Set([
  KEY_HEADER,
  UPSTREAM_HEADER,
  'traceparent',
  'tracestate',
  'baggage',
  'x-request-id',
  'idempotency-key',
  'x-stainless-helper-method',
]);

/** The fields in which the SDK keeps a client's options. */
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
 * Identifies the account of a client. Clones of one client (`withOptions`) share the cache but may use different accounts. If the API key comes from a
 * function, that function is the identity: the key is missing before the first call and changes with each renewal.
 */
export class Accounts {
  /** Numbers objects and functions, which have no serializable identity. */
  readonly #numbers = new WeakMap<object, number>();
  #numbered = 0;

  /** A JSON value that is equal only for clients of the same account. It may contain credentials. */
  accountOf(client: OpenAI): readonly unknown[] {
    const { baseURL, apiKey, organization, project } = client;
    const { _options = {}, fetch } = client as unknown as Internals;
    const { apiKey: keySource, workloadIdentity, defaultHeaders, defaultQuery } = _options;
    // A custom `fetch` may add credentials.
    const sources = [keySource, workloadIdentity, fetch].map((source) => this.#numberOf(source));
    const key = typeof keySource === 'function' ? undefined : apiKey;
    return [baseURL, key, sources, organization, project, headerEntries(defaultHeaders), defaultQuery];
  }

  #numberOf(source: unknown): number | undefined {
    if (typeof source !== 'function' && (typeof source !== 'object' || source === null)) return undefined;
    let number = this.#numbers.get(source);
    if (number === undefined) this.#numbers.set(source, (number = this.#numbered += 1));
    return number;
  }
}
