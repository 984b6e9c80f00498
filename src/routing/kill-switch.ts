/** The kill switch: `CANARY_DISABLED=1` in the environment sends all calls to stable, whatever is configured. */

/** How long a reading of the environment is valid, in ms. Reading it costs about as much as planning a call. */
const VALID_MS = 1_000;

export class KillSwitch {
  readonly #onSwitchedOn: (atMs: number) => void;
  #isOn = false;
  #readAtMs = -Infinity;

  /** @param onSwitchedOn called when the switch is found on */
  constructor(onSwitchedOn: (atMs: number) => void) {
    this.#onSwitchedOn = onSwitchedOn;
  }

  /** Reads the environment at most once a second, while calls are planned. There is no timer. */
  isOn(nowMs: number): boolean {
    // A clock that was set back must not extend the validity.
    if (Math.abs(nowMs - this.#readAtMs) < VALID_MS) return this.#isOn;
    const { CANARY_DISABLED: value } = process.env;
    const wasOn = this.#isOn;
    this.#isOn = value === '1' || value === 'true';
    this.#readAtMs = nowMs;
    if (this.#isOn && !wasOn) this.#onSwitchedOn(nowMs);
    return this.#isOn;
  }
}
