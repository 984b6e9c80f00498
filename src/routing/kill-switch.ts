/** The way out for everybody at once: `CANARY_DISABLED=1` in the environment sends calls to stable, whatever is configured. */

/** How long a reading of the environment is good for, in ms: reading it costs about as much as planning a call. */
const KEPT_MS = 1_000;

export class KillSwitch {
  readonly #thrown: (atMs: number) => void;
  #isOn = false;
  #readAtMs = -Infinity;

  /** @param thrown told when the switch is found on */
  constructor(thrown: (atMs: number) => void) {
    this.#thrown = thrown;
  }

  /** Reads the environment once a second at most, while calls are planned; no timer. */
  isOn(nowMs: number): boolean {
    // A clock that was set back must not keep what was read.
    if (Math.abs(nowMs - this.#readAtMs) < KEPT_MS) return this.#isOn;
    const { CANARY_DISABLED: said } = process.env;
    const wasOn = this.#isOn;
    this.#isOn = said === '1' || said === 'true';
    this.#readAtMs = nowMs;
    if (this.#isOn && !wasOn) this.#thrown(nowMs);
    return this.#isOn;
  }
}
