/** POST /responses. */

import type { Generation } from './generation.ts';
import type { Reply } from './reply.ts';
import type { RequestBody } from './request-body.ts';
import { responseObject } from './response-object.ts';
import { responseEvents } from './response-events.ts';
import type { UsageStyle } from './usage-style.ts';

/** A response object, or its events if the body has `stream: true`. */
export function responsesReply(body: RequestBody, generation: Generation, style: UsageStyle): Reply {
  const whole = responseObject(body, generation, style);
  return body['stream'] === true
    ? { kind: 'stream', chunks: responseEvents(whole, generation) }
    : { kind: 'json', body: whole };
}
