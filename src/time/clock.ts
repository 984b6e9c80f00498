/** Time as the library sees it: every time and every timer goes through a `Clock`, so that tests can drive both. */

/** A timer that was started; `cancel()` after it has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch, never going backwards. */
  now(): number;
  /** Calls `callback` once after `delayMs`. The process stays alive for it only if it must be waited for: `keepAlive`. */
  setTimeout(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}
