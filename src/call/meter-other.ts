/** Meters calls of the surface `other`: paid services, and polls of background responses. */

import type { Call } from '../domain/call.ts';
import { mediaUsage } from '../pricing/media-usage.ts';
import type { AnswerMeter } from '../upstream/attempt-types.ts';
import type { BackgroundResponses } from '../upstream/background-responses.ts';
import { fields } from '../domain/json.ts';

/** `undefined` for calls that are not billed, or that are metered as every other surface is. */
export function meterFor(call: Call, body: unknown, background: BackgroundResponses): AnswerMeter | undefined {
  const { surface, paid, method, path, ownedId } = call;
  if (surface !== 'other') return undefined;
  if (paid !== undefined) return (stated, answer) => mediaUsage(paid, body, answer, stated);
  if (ownedId === undefined || method !== 'get' || !path.endsWith(`/responses/${ownedId}`)) return undefined;
  return (stated, answer) => background.take(ownedId, stated, answer);
}

/** Whether the call creates a response in the background, whose usage only a poll will tell. */
export function runsInBackground({ surface }: Call, body: unknown): boolean {
  return surface === 'responses' && fields(body)['background'] === true;
}
