/** Sends a call as the SDK alone would, with its own retries, and only meters it. */

import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import { redact } from '../upstream/sdk/redact.ts';
import { markOptions } from '../upstream/sdk/request-mark.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { CallProgress } from './call-record.ts';
import type { CallSource, DispatchParts } from './call-services.ts';

/** Rejects with what the SDK rejects with. */
export function dispatchDirect(
  call: Call,
  upstream: Upstream,
  source: CallSource,
  retries: number | null,
  parts: DispatchParts,
): Promise<Answer> {
  const { observer, pricing, clock } = parts;
  const progress = new CallProgress(call, upstream.name, observer, pricing);
  const started = progress.start(upstream.name, 'first', call.model, clock.now());
  // Nothing follows this attempt: however it ends, the call ends.
  source.claim.account = progress.account;
  progress.answered(started.index);
  const { client, send } = source.connect(upstream);
  const options = parts.redacts ? { ...source.options } : source.options;
  const mark = parts.redacts ? markOptions(options, undefined) : undefined;
  return attempt({
    surface: call.surface,
    metersRaw: false,
    hidesUsage: false,
    send,
    options,
    retries,
    claim: source.claim,
    limit: undefined,
    judge: undefined,
    redact: (error) => mark && redact(error, [client.apiKey, client.adminAPIKey, ...mark.secrets]),
    clock,
    openReaders: parts.openReaders,
    onEnd: (end) => void progress.end(started, end),
  });
}
