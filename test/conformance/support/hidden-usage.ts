/** A caller that does not ask for usage: the request, and what it should see although the client itself asks. */

import { splitEvents } from '../../../src/testing/answers/sse.ts';
import type { Seen } from './call-for.ts';
import type { Recording } from './recordings.ts';

export function withoutUsageOption(recording: Recording): Recording {
  const { stream_options: _, ...request } = recording.request;
  return { ...recording, request };
}

/** Without the chunk that holds nothing but usage, and without the `usage: null` of the others. */
export function withoutUsage(seen: Seen): Seen {
  return { ...seen, chunks: seen.chunks.filter((chunk) => !isUsageChunk(chunk)).map(withoutNull) };
}

/** The events of a raw stream are left as they are, or left out. */
export function withoutUsageEvents(text: string): string {
  return splitEvents(text)
    .filter((event) => !event.startsWith('data: {') || !isUsageChunk(event.slice('data: '.length)))
    .join('');
}

/** A chunk, as JSON, that holds usage and nothing else. */
export function isUsageChunk(json: string): boolean {
  const { choices, usage } = JSON.parse(json) as { choices?: unknown; usage?: unknown };
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}

function withoutNull(json: string): string {
  const chunk = JSON.parse(json) as { usage?: unknown };
  if (chunk.usage === null) delete chunk.usage;
  return JSON.stringify(chunk);
}
