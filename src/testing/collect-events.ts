/** Collects the events of a client for assertions. */

import type { CanaryEventName, CanaryEvents } from '../domain/events.ts';

/** An emitter of the library's events, such as a `CanaryClient`. */
export interface EventSource {
  readonly canary: {
    on<Name extends CanaryEventName>(name: Name, listener: (payload: CanaryEvents[Name]) => void): unknown;
    off<Name extends CanaryEventName>(name: Name, listener: (payload: CanaryEvents[Name]) => void): unknown;
  };
}

/** One emitted event. */
export type CollectedEvent = {
  [Name in CanaryEventName]: { readonly name: Name; readonly payload: CanaryEvents[Name] };
}[CanaryEventName];

/** Events in the order of emission. Disposing stops the collection and keeps the events collected so far. */
export interface CollectedEvents extends Disposable {
  readonly all: readonly CollectedEvent[];
  /** The payloads of one event, oldest first. */
  of<Name extends CanaryEventName>(name: Name): CanaryEvents[Name][];
}

/**
 * Listens to a client and keeps the events that it emits.
 *
 * @param names the events to keep. With `metrics` among them the client takes snapshots at intervals. @default every event
 * @example
 * using events = collectEvents(ai, ['attempt', 'fallback']);
 * await ai.chat.completions.create(body);
 * expect(events.of('fallback')).toHaveLength(1);
 */
export function collectEvents(client: EventSource, names: readonly CanaryEventName[] = EVENT_NAMES): CollectedEvents {
  const all: CollectedEvent[] = [];
  const stops = names.map((name) => collect(client, name, all));
  return {
    all,
    of: <Name extends CanaryEventName>(name: Name) =>
      // TypeScript cannot narrow a union by a type parameter; `name` determines the type of the payload.
      all.filter((event) => event.name === name).map((event) => event.payload as CanaryEvents[Name]),
    [Symbol.dispose]: () => stops.forEach((stop) => stop()),
  };
}

function collect(client: EventSource, name: CanaryEventName, into: CollectedEvent[]): () => void {
  // TypeScript cannot see that this name and this payload form one member of the union.
  const listener = (payload: CanaryEvents[CanaryEventName]) => void into.push({ name, payload } as CollectedEvent);
  client.canary.on(name, listener);
  return () => void client.canary.off(name, listener);
}

/** A record, so that the compiler reports a missing event. */
const EVENT_NAMES = Object.keys({
  call: true,
  attempt: true,
  retry: true,
  fallback: true,
  hedge: true,
  breaker: true,
  rateLimit: true,
  budget: true,
  shadow: true,
  metrics: true,
  alert: true,
  analysis: true,
  step: true,
  promote: true,
  rollback: true,
  probe: true,
  pause: true,
  resume: true,
  restart: true,
  warning: true,
} satisfies Record<CanaryEventName, true>) as CanaryEventName[];
