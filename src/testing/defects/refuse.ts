/** Rejections and errors of defective providers. */

import type { ErrorReply } from '../answers/errors.ts';
import { errorReply } from '../answers/errors.ts';
import type { RequestBody } from '../answers/request-body.ts';
import type { Script } from '../script/script.ts';
import type { Defects } from './defect.ts';
import { hasPictures } from './drop-ignored.ts';

/** The facts of a request that decide whether it is rejected. */
export interface Refusable {
  readonly path: string;
  readonly body: RequestBody;
  /** Requests in flight, including this one. */
  readonly inFlight: number;
}

/** The concurrent calls that `refusesBursts` admits. */
const MAX_AT_ONCE = 4;

/** The rejection and its headers; `undefined` if the request is served. */
export function refuse(
  { path, body, inFlight }: Refusable,
  defects: Defects,
): { readonly reply: ErrorReply; readonly headers: Readonly<Record<string, string>> } | undefined {
  const missing =
    (defects.has('noModels') && path.startsWith('/models')) ||
    (defects.has('noEmbeddings') && path === '/embeddings') ||
    (defects.has('noResponses') && path === '/responses');
  if (missing) return { reply: errorReply(404, { message: `Invalid URL (${path})`, code: null }), headers: {} };
  if (defects.has('refusesImages') && hasPictures(body)) {
    return { reply: errorReply(400, { message: 'unknown variant `image_url`, expected `text`' }), headers: {} };
  }
  if (!defects.has('refusesBursts') || inFlight <= MAX_AT_ONCE) return undefined;
  const reply = errorReply(429, { message: 'Too many requests.' });
  return { reply, headers: defects.has('noRetryAfter') ? {} : { 'retry-after': '1' } };
}

/** The error with the wording of a provider with these defects. */
export function reword(error: ErrorReply, defects: Defects): ErrorReply {
  const { code } = error.body.error;
  if (defects.has('unknownModelAs503') && code === 'model_not_found') {
    return errorReply(503, { message: 'No channel is available for this request.', type: 'server_error', code: null });
  }
  if (defects.has('vagueContextError') && code === 'context_length_exceeded') {
    return errorReply(400, { message: 'The request could not be processed.' });
  }
  return error;
}

/** Gives an error response another body or another status. */
export function disguise(script: Script, defects: Defects): Script {
  if (!defects.has('errorsAs200') && !defects.has('plainErrors')) return script;
  const isError = script.some((step) => step.step === 'head' && step.status >= 400);
  if (!isError) return script;
  return script.map((step) => {
    if (step.step === 'head' && defects.has('errorsAs200')) return { ...step, status: 200 };
    if (step.step !== 'write' || !defects.has('plainErrors')) return step;
    return { ...step, text: JSON.stringify({ detail: 'The request could not be processed.' }) };
  });
}
