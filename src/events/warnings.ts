/** Warns once about each part of the library that is degraded. */

import type { WarningEvent } from '../domain/events.ts';
import type { Emitter } from './emitter.ts';

/** The limit of distinct topics: later ones are dropped. */
const MAX_TOPICS = 1_000;

/** Sends warnings to the logger and to `warning` listeners. Failures of either never affect a call. */
export class Warnings {
  readonly #emitter: Emitter;
  readonly #logger: Logger | undefined;
  readonly #warned = new Set<string>();

  /** @param logger receives the messages; without it only listeners receive warnings */
  constructor(emitter: Emitter, logger: Logger | undefined) {
    this.#emitter = emitter;
    this.#logger = logger;
  }

  /** Warns unless it has already warned about `topic`. */
  once(topic: string, warning: WarningEvent): void {
    if (!this.#isNew(topic)) return;
    this.#emitter.emit('warning', warning);
    this.#log(warning);
  }

  /** As `once`, but only for listeners: the application cannot do much about it at once, so it is not printed. */
  onceForListeners(topic: string, warning: WarningEvent): void {
    if (this.#isNew(topic)) this.#emitter.emit('warning', warning);
  }

  /** Warns while the client is built: the event waits until the application has had time to add its listeners. */
  announce(warning: WarningEvent): void {
    if (!this.#isNew(warning.message)) return;
    this.#log(warning);
    queueMicrotask(() => this.#emitter.emit('warning', warning));
  }

  #isNew(topic: string): boolean {
    if (this.#warned.has(topic) || this.#warned.size >= MAX_TOPICS) return false;
    this.#warned.add(topic);
    return true;
  }

  #log({ code, message, atMs }: WarningEvent): void {
    try {
      this.#logger?.warn(`[openai-canary] ${message} (code: ${code})`);
    } catch (error) {
      this.#loggerFailed(error, atMs);
    }
  }

  #loggerFailed(error: unknown, atMs: number): void {
    if (this.#warned.has('logger')) return;
    this.#warned.add('logger');
    this.#emitter.emit('warning', { code: 'logger', message: `The logger threw ${errorName(error)}`, atMs });
  }
}

/** A thrown value in readable form: `TypeError: fetch failed`. */
export function errorName(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `a ${typeof error}`;
}

/** A logger with the `warn` method of the SDK's loggers. */
export interface Logger {
  warn(message: string, ...rest: unknown[]): void;
}
