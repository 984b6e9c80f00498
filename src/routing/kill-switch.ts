/** The kill switch: `CANARY_DISABLED=1` in the environment, or `disabled` in the store, sends all calls to stable, whatever is configured. */

/** How long a reading of the environment is valid, in ms. Reading it costs about as much as planning a call. */
const VALID_MS = 1_000;

export class KillSwitch {
  readonly #warn: (message: string) => void;
  #isOnInStore = false;
  #isOn = false;
  #readAtMs = -Infinity;

  /** @param warn called when the switch is found on, and when that of the store is switched off */
  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  get isOnInStore(): boolean {
    return this.#isOnInStore;
  }

  /** Switches all processes that share the store. */
  switchInStore(isOn: boolean, nowMs: number): void {
    if (isOn === this.#isOnInStore) return;
    this.#isOnInStore = isOn;
    const since = `since ${new Date(nowMs).toISOString()}`;
    this.#warn(
      `The kill switch in the store is ${isOn ? 'on' : 'off'} ${since}: calls ${isOn ? 'go to stable' : 'are routed'}`,
    );
  }

  /** Reads the environment at most once a second, while calls are planned. There is no timer. */
  isOn(nowMs: number): boolean {
    return this.#isOnInStore || this.#isOnHere(nowMs);
  }

  #isOnHere(nowMs: number): boolean {
    // A clock that was set back must not extend the validity.
    if (Math.abs(nowMs - this.#readAtMs) < VALID_MS) return this.#isOn;
    const { CANARY_DISABLED: value } = process.env;
    const wasOn = this.#isOn;
    this.#isOn = value === '1' || value === 'true';
    this.#readAtMs = nowMs;
    if (this.#isOn && !wasOn) this.#warn('CANARY_DISABLED is set: calls go to stable');
    return this.#isOn;
  }
}
