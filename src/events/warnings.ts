/** Tells that something of ours degraded, once for each thing. */

import type { WarningEvent } from '../domain/events.ts';
import type { Emitter } from './emitter.ts';

/** The most different things that are remembered as told. */
const MAX_TOLD = 1_000;

/** Warnings go to the logger and to the listeners of `warning`; neither can hurt a call. */
export class Warnings {
  readonly #emitter: Emitter;
  readonly #logger: Logger | undefined;
  readonly #told = new Set<string>();

  /** Without a `logger` only listeners are told. */
  constructor(emitter: Emitter, logger: Logger | undefined) {
    this.#emitter = emitter;
    this.#logger = logger;
  }

  /** Warns unless `topic` was warned of before. */
  once(topic: string, warning: WarningEvent): void {
    if (this.#told.has(topic) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(topic);
    this.#emitter.emit('warning', warning);
    try {
      this.#logger?.warn(`[openai-canary] ${warning.message}`);
    } catch (error) {
      this.#loggerFailed(error, warning.atMs);
    }
  }

  #loggerFailed(error: unknown, atMs: number): void {
    if (this.#told.has('logger')) return;
    this.#told.add('logger');
    this.#emitter.emit('warning', { code: 'logger', message: `The logger threw ${errorName(error)}`, atMs });
  }
}

/** What was thrown, for people. */
export function errorName(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `a ${typeof error}`;
}

/** A logger as the SDK takes it. */
export interface Logger {
  warn(message: string, ...rest: unknown[]): void;
}
