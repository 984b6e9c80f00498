/** The library's time source. Every time and every timer goes through a `Clock`, so that tests can control both. */

/** A started timer. Calling `cancel()` after it has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch, never going backwards. */
  now(): number;
  /** Calls `callback` once after `delayMs`. A pending timer keeps the process alive only with `keepAlive: true`. */
  setTimeout(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}
