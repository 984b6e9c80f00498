/** The usage of calls that are billed by images, seconds or characters, or whose tokens follow from the request. */

import type { PaidService } from '../domain/call.ts';
import { isRecord } from '../domain/json.ts';
import type { Usage } from '../domain/usage.ts';
import { usageOf } from './usage.ts';

const NO_TOKENS: Usage = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };

/**
 * The usage of an answer: the provider's own, else what can be counted. `undefined` if that is nothing: then the call was billed, and its
 * cost is unknown. Never throws.
 *
 * @param request the body of the request, also a form
 * @param answer the parsed answer; `undefined` for a stream and for a file
 * @param stated the usage that a stream stated
 */
export function mediaUsage(paid: PaidService, request: unknown, answer: unknown, stated?: Usage): Usage | undefined {
  const usage = stated ?? usageOf('chat', answer);
  if (usage) return usage;
  switch (paid) {
    case 'images': {
      const data = isRecord(answer) ? answer['data'] : undefined;
      return Array.isArray(data) ? { ...NO_TOKENS, images: data.length } : undefined;
    }
    case 'speech': {
      const text = bodyField(request, 'input');
      return typeof text === 'string' ? { ...NO_TOKENS, speechCharacters: text.length } : undefined;
    }
    case 'transcription': {
      const seconds = isRecord(answer) ? Number(answer['duration'] ?? NaN) : NaN;
      return seconds >= 0 && Number.isFinite(seconds) ? { ...NO_TOKENS, audioInputSeconds: seconds } : undefined;
    }
    case 'video':
    case 'job':
      return undefined;
    default:
      return paid satisfies never;
  }
}

/**
 * Tokens of one square image by its quality, for models that bill tokens; other formats have half as many again
 * (https://platform.openai.com/docs/guides/image-generation#cost-and-latency).
 */
const IMAGE_TOKENS: Readonly<Record<string, number>> = { low: 272, medium: 1_056, high: 4_160 };

/** The usage that a request allows, before it is made; `undefined` where that cannot be known. Never throws. */
export function estimateMedia(paid: PaidService, request: unknown): readonly Usage[] {
  if (paid === 'speech') return listOf(mediaUsage(paid, request, undefined));
  if (paid !== 'images') return [];
  const images = Math.max(1, Number(bodyField(request, 'n') ?? 1) || 1);
  const quality = bodyField(request, 'quality');
  const size = bodyField(request, 'size');
  const perImage = (typeof quality === 'string' && IMAGE_TOKENS[quality]) || 4_160;
  const factor = size === '1024x1024' ? 1 : 1.5;
  const outputTokens = Math.ceil(images * perImage * factor);
  return [
    { ...NO_TOKENS, images },
    { ...NO_TOKENS, outputTokens, imageOutputTokens: outputTokens },
  ];
}

function listOf(usage: Usage | undefined): readonly Usage[] {
  return usage ? [usage] : [];
}

/** A field of a request body: of an object, or of a form. */
export function bodyField(body: unknown, name: string): unknown {
  if (body instanceof FormData) return body.get(name) ?? undefined;
  return isRecord(body) ? body[name] : undefined;
}
