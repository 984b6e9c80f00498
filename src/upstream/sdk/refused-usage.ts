/** Takes our request for usage back where an upstream refuses it: what we add to a request must not fail it. */

import { APIError } from 'openai';
import type { Call } from '../../domain/call.ts';
import { createBodyPatch } from '../../providers/create-body-patch.ts';
import { readSdkError } from '../../resilience/read-error.ts';
import type { Upstream } from '../upstream.ts';
import type { UpstreamRequest } from './request-options.ts';

/**
 * Whether `error` refuses the `stream_options` that we added to `request`. If so, they are removed from it, and the upstream is remembered,
 * so that later requests go without them.
 */
export function removeRefusedUsage(request: UpstreamRequest, error: unknown, upstream: Upstream, call: Call): boolean {
  if (!request.usageAdded) return false;
  const refusal = refusalOf(error);
  if (!refusal) return false;
  if (refusal === 'named') upstream.refusesUsage = true;
  request.usageAdded = false;
  request.mark.patch = createBodyPatch({ ...upstream.config.rules, includeUsage: false }, call, request.options.body);
  return true;
}

/** `unreadable`: the SDK does not show the body of the refusal, which may name the field. */
function refusalOf(error: unknown): 'named' | 'unreadable' | undefined {
  const sdkError = readSdkError(error);
  if (sdkError?.is !== 'response') return undefined;
  const { status, text, param } = sdkError.response;
  if (status !== 400 && status !== 422) return undefined;
  if (NAMES_USAGE.test(text) || (param !== undefined && NAMES_USAGE.test(param))) return 'named';
  return isUnreadable(error) ? 'unreadable' : undefined;
}

const NAMES_USAGE = /stream_?options|include_?usage/i;

/** SDKs before 7 drop a JSON body without a field `error`, such as FastAPI's `{ detail }`. */
function isUnreadable(error: unknown): boolean {
  if (!(error instanceof APIError) || error.error !== undefined) return false;
  return error.message.endsWith('(no body)') && /json/.test(error.headers?.get('content-type') ?? '');
}
