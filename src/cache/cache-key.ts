/** Tells calls apart: two with one key would send the very same request to the same account. */

import { hash } from 'node:crypto';
import type { Call } from '../domain/call.ts';
import { createBodyPatch } from '../providers/create-body-patch.ts';
import { patchBody } from '../providers/patch-body.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import { headerEntries } from '../upstream/sdk/header-entries.ts';
import { KEY_HEADER, UPSTREAM_HEADER } from '../upstream/sdk/request-mark.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { CallSource } from '../call/call-services.ts';
import type { Accounts } from './account.ts';
import { partitionOf, type CachePolicy } from './cache-policy.ts';

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
