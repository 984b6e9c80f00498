/** A caller that does not ask for usage: its request, and what it should see although the client asks for usage. */

import { splitEvents } from '../../../src/testing/answers/sse.ts';
import type { Seen } from './call-for.ts';
import type { Recording } from './recordings.ts';

export function withoutUsageOption(recording: Recording): Recording {
  const { stream_options: _, ...request } = recording.request;
  return { ...recording, request };
}

/** Drops the chunk that has only usage, and the `usage: null` of the others. */
export function withoutUsage(seen: Seen): Seen {
  return { ...seen, chunks: seen.chunks.filter((chunk) => !isUsageChunk(chunk)).map(withoutNull) };
}

/** Drops the usage events of a raw stream; all others stay unchanged. */
export function withoutUsageEvents(text: string): string {
  return splitEvents(text)
    .filter((event) => !event.startsWith('data: {') || !isUsageChunk(event.slice('data: '.length)))
    .join('');
}

/** Whether a chunk, as JSON, has only usage. */
export function isUsageChunk(json: string): boolean {
  const { choices, usage } = JSON.parse(json) as { choices?: unknown; usage?: unknown };
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}

function withoutNull(json: string): string {
  const chunk = JSON.parse(json) as { usage?: unknown };
  if (chunk.usage === null) delete chunk.usage;
  return JSON.stringify(chunk);
}
