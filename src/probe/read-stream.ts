/** Reads a stream of events to its end, and notes when each came. */

import type { Clock } from '../time/clock.ts';
import { fields } from '../domain/json.ts';
import { bearsContent } from '../upstream/stream/delta.ts';

/** An event of a stream. */
export interface StreamEvent {
  /** The text of its `data:` lines. */
  readonly data: string;
  /** Its JSON; `undefined` for `[DONE]` and what is no JSON. */
  readonly chunk: unknown;
  readonly atMs: number;
}

/** A whole stream. */
export interface StreamRead {
  readonly events: readonly StreamEvent[];
  readonly endedAtMs: number;
}

/** Rejects when the connection breaks. */
export async function readStream(response: Response, clock: Clock): Promise<StreamRead> {
  const decoder = new TextDecoder();
  const events: StreamEvent[] = [];
  let pending = '';
  for await (const bytes of response.body ?? []) {
    pending += decoder.decode(bytes, { stream: true });
    const whole = pending.split(/\r\n\r\n|\n\n|\r\r/);
    pending = whole.pop() ?? '';
    for (const text of whole) pushEvent(events, text, clock.now());
  }
  pushEvent(events, pending + decoder.decode(), clock.now());
  return { events, endedAtMs: clock.now() };
}

/** The events that bear words. */
export function contentEvents({ events }: StreamRead): readonly StreamEvent[] {
  return events.filter(({ chunk }) => listOf(fields(chunk).choices).some(bearsContent));
}

function pushEvent(events: StreamEvent[], text: string, atMs: number): void {
  const data = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n');
  if (data !== '') events.push({ data, chunk: parsed(data), atMs });
}

/** The entries of a list; of anything else, none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value of a JSON text; `undefined` for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
