/**
 * Delivers events to listeners. A listener that fails never affects a call. The only file that imports `eventemitter3`.
 */

import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'eventemitter3';
import type { CanaryEventName, CanaryEvents } from '../domain/events.ts';
import { isThenable } from '../domain/json.ts';

/**
 * Receives the payload of an event. It may be async. Its return value is ignored, and its first failure is reported as
 * a `warning` event.
 */
export type Listener<Name extends CanaryEventName> = (payload: CanaryEvents[Name]) => unknown;

/** A listener that cannot throw. Its payload type is known where it is created and erased where it is stored. */
// oxlint-disable-next-line typescript/no-explicit-any
type Guarded = (payload: any) => void;

/** Receives the failure of a listener. */
export type ListenerFailed = (event: CanaryEventName, error: unknown) => void;

/** Events by name. Each is also published as `openai-canary:<event>` on `node:diagnostics_channel`. */
export class Emitter {
  readonly #events = new EventEmitter();
  readonly #wrapped = new WeakMap<object, Map<CanaryEventName, Guarded>>();
  readonly #failed = new WeakSet();
  readonly #onFailure: ListenerFailed;

  constructor(onFailure: ListenerFailed) {
    this.#onFailure = onFailure;
  }

  on<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): void {
    this.#events.on(name, this.#guard(name, listener));
  }

  once<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): void {
    this.#events.once(name, this.#guard(name, listener));
  }

  off<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): void {
    const wrapped = this.#wrapped.get(listener)?.get(name);
    if (wrapped) this.#events.off(name, wrapped);
  }

  removeAll(): void {
    this.#events.removeAllListeners();
  }

  /** Whether the event has a listener or a channel subscriber, so that its payload is worth building. */
  wants(name: CanaryEventName): boolean {
    return this.#events.listenerCount(name) > 0 || CHANNELS[name].hasSubscribers;
  }

  emit<Name extends CanaryEventName>(name: Name, payload: CanaryEvents[Name]): void {
    if (this.#events.listenerCount(name) > 0) this.#events.emit(name, payload);
    if (CHANNELS[name].hasSubscribers) CHANNELS[name].publish(payload);
  }

  /** One wrapper per listener and event, so that `off` finds it again. */
  #guard<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): Guarded {
    let byName = this.#wrapped.get(listener);
    if (!byName) this.#wrapped.set(listener, (byName = new Map()));
    const known = byName.get(name);
    if (known) return known;
    const guarded: Guarded = (payload: CanaryEvents[Name]): void => {
      try {
        const returned = listener(payload);
        // The promise of an async listener has no other reader.
        if (isThenable(returned)) {
          Promise.resolve(returned).catch((error: unknown) => this.#report(name, listener, error));
        }
      } catch (error) {
        this.#report(name, listener, error);
      }
    };
    byName.set(name, guarded);
    return guarded;
  }

  #report(name: CanaryEventName, listener: object, error: unknown): void {
    if (this.#failed.has(listener)) return;
    this.#failed.add(listener);
    this.#onFailure(name, error);
  }
}

/** The names of all events. */
export const EVENT_NAMES = [
  'call',
  'attempt',
  'retry',
  'fallback',
  'hedge',
  'breaker',
  'rateLimit',
  'shadow',
  'budget',
  'metrics',
  'alert',
  'analysis',
  'step',
  'promote',
  'rollback',
  'probe',
  'pause',
  'resume',
  'restart',
  'warning',
] as const satisfies readonly CanaryEventName[];

/** The channel of each event. An event without a channel does not compile. */
const CHANNELS: Readonly<Record<CanaryEventName, ReturnType<typeof channel>>> = Object.fromEntries(
  EVENT_NAMES.map((name) => [name, channel(`openai-canary:${name}`)]),
) as Record<CanaryEventName, ReturnType<typeof channel>>;
