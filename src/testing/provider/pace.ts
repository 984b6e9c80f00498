/** How fast a request is answered. */

import type { Generation } from '../answers/generation.ts';
import type { Reply } from '../answers/reply.ts';
import type { Pace } from '../script/script.ts';
import { lognormal } from '../seeded-random.ts';
import type { ReceivedRequest } from './received-request.ts';
import type { ProviderSettings } from './settings.ts';

/** The time before the first byte. */
export function drawLatencyMs(
  { latencyMs = 0 }: ProviderSettings,
  request: ReceivedRequest,
  random: () => number,
): number {
  if (typeof latencyMs === 'function') return latencyMs(request);
  return typeof latencyMs === 'number' ? latencyMs : lognormal(latencyMs.median, latencyMs.sigma, random);
}

/** The pace of a reply: a stream takes the time of its tokens after the first byte, a JSON answer before it. */
export function paceOf(
  { tokensPerSecond = Infinity, chunkDelayMs }: ProviderSettings,
  latencyMs: number,
  reply: Reply,
  { tokens }: Generation,
): Pace {
  const generationMs = (tokens.completionTokens / tokensPerSecond) * 1000;
  if (reply.kind === 'json') return { latencyMs, generationMs, chunkDelayMs: 0 };
  return {
    latencyMs,
    generationMs: 0,
    chunkDelayMs: chunkDelayMs ?? generationMs / Math.max(1, reply.chunks.length - 1),
  };
}
