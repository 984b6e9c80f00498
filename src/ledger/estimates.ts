/** Compares the estimates of attempts, made before they are sent, with what they cost. */

import type { EstimateDrift } from './report.ts';

interface Sums {
  attempts: number;
  estimateUsd: number;
  costUsd: number;
}

/** Estimates and costs by upstream. */
export class Estimates {
  readonly #upstreams = new Map<string, Sums>();

  add(upstream: string, estimateUsd: number, costUsd: number): void {
    let sums = this.#upstreams.get(upstream);
    if (!sums) this.#upstreams.set(upstream, (sums = { attempts: 0, estimateUsd: 0, costUsd: 0 }));
    sums.attempts += 1;
    sums.estimateUsd += estimateUsd;
    sums.costUsd += costUsd;
  }

  report(): EstimateDrift & { readonly upstreams: Readonly<Record<string, EstimateDrift>> } {
    const total: Sums = { attempts: 0, estimateUsd: 0, costUsd: 0 };
    for (const { attempts, estimateUsd, costUsd } of this.#upstreams.values()) {
      total.attempts += attempts;
      total.estimateUsd += estimateUsd;
      total.costUsd += costUsd;
    }
    const upstreams = [...this.#upstreams].map(([name, sums]) => [name, withDrift(sums)] as const);
    return { ...withDrift(total), upstreams: Object.fromEntries(upstreams) };
  }
}

function withDrift(sums: Sums): EstimateDrift {
  const { estimateUsd, costUsd } = sums;
  return { ...sums, driftPercent: costUsd === 0 ? null : (estimateUsd / costUsd - 1) * 100 };
}
