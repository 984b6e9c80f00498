/** Common alternatives for comparison: rules on a sliding window, evaluated every 30 s. */

import { CALLS_PER_SECOND, type SimulatedCall } from './traffic.ts';

/** A rule, and whether it would have rolled back during a run. */
export interface Rule {
  readonly name: string;
  readonly fired: boolean;
}

const CALLS_PER_LOOK = 30 * CALLS_PER_SECOND;
/** The window is five minutes. */
const LOOKS_PER_WINDOW = 10;

interface Counts {
  canaryBad: number;
  canary: number;
  stableBad: number;
  stable: number;
}

/** The rules that tutorials and gateways use, evaluated on the same calls. */
export class OtherRules {
  readonly #window: Counts[] = [];
  readonly #total: Counts = { canaryBad: 0, canary: 0, stableBad: 0, stable: 0 };
  #open: Counts = { canaryBad: 0, canary: 0, stableBad: 0, stable: 0 };
  #calls = 0;
  #strikes = 0;
  above1 = false;
  above5 = false;
  zTest = false;
  threeStrikes = false;

  observe({ arm, value }: SimulatedCall): void {
    if (arm === 'canary') {
      this.#open.canary += 1;
      this.#open.canaryBad += value;
    } else {
      this.#open.stable += 1;
      this.#open.stableBad += value;
    }
    this.#calls += 1;
    if (this.#calls % CALLS_PER_LOOK === 0) this.#look();
  }

  #look(): void {
    const { canary, canaryBad } = this.#open;
    this.#window.push(this.#open);
    if (this.#window.length > LOOKS_PER_WINDOW) this.#window.shift();
    for (const key of ['canaryBad', 'canary', 'stableBad', 'stable'] as const) this.#total[key] += this.#open[key];
    this.#open = { canaryBad: 0, canary: 0, stableBad: 0, stable: 0 };
    const calls = this.#window.reduce((sum, counts) => sum + counts.canary, 0);
    const rate = this.#window.reduce((sum, counts) => sum + counts.canaryBad, 0) / Math.max(1, calls);
    this.above1 ||= rate > 0.01;
    this.above5 ||= rate > 0.05;
    this.#strikes = canaryBad / Math.max(1, canary) > 0.01 ? this.#strikes + 1 : 0;
    this.threeStrikes ||= this.#strikes >= 3;
    this.zTest ||= zOf(this.#total) > Z_AT_1_PERCENT;
  }
}

/** The one-sided critical value at 1 %. */
const Z_AT_1_PERCENT = 2.326;

/** The z-statistic of two proportions with pooled variance. */
function zOf({ canaryBad, canary, stableBad, stable }: Counts): number {
  const pooled = (canaryBad + stableBad) / (canary + stable);
  const variance = pooled * (1 - pooled) * (1 / canary + 1 / stable);
  return variance > 0 ? (canaryBad / canary - stableBad / stable) / Math.sqrt(variance) : 0;
}
