/** How an application listens to what happens. */

import type { CanaryEventName } from '../domain/events.ts';
import type { Listener } from '../events/emitter.ts';
import type { Engine } from './engine.ts';

/** Listeners of an engine's events. */
export class Listening {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Calls `listener` at every event of that name. What it throws is reported once as a `warning` and hurts nothing.
   *
   * @example ai.canary.on('rollback', ({ upstream, reason }) => page(`${upstream}: ${reason}`));
   */
  on<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    this.#engine.emitter.on(name, listener);
    if (name === 'metrics') this.#engine.startMetrics();
    return this;
  }

  /** Like `on`, for the next event only. */
  once<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    this.#engine.emitter.once(name, listener);
    if (name === 'metrics') this.#engine.startMetrics();
    return this;
  }

  off<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    this.#engine.emitter.off(name, listener);
    return this;
  }
}
