/** Which fault strikes a request. */

import type { Fault } from '../script/fault.ts';
import type { ProviderSettings, WeightedError } from './settings.ts';

/** The faults by model, used up as their `times` say. */
export class FaultQueue {
  readonly #queues: ReadonlyMap<string, PendingFault[]>;

  constructor(faults: NonNullable<ProviderSettings['faults']> = {}) {
    const entries = Object.entries(faults).map(([model, listed]): [string, PendingFault[]] => [
      model,
      [listed].flat().map((fault) => ({ fault, left: fault.times ?? Infinity })),
    ]);
    this.#queues = new Map(entries);
  }

  /** The fault that strikes a request for this model, one of its times used. */
  take(model: string | undefined): Fault | undefined {
    const own = model === undefined ? undefined : this.#queues.get(model);
    return takeFrom(own) ?? takeFrom(this.#queues.get('*'));
  }
}

interface PendingFault {
  readonly fault: Fault;
  left: number;
}

function takeFrom(queue: PendingFault[] | undefined): Fault | undefined {
  const pending = queue?.find(({ left }) => left > 0);
  if (pending === undefined) return undefined;
  pending.left--;
  return pending.fault;
}

/** The random error of a request, if it gets one. Draws twice in any case, so that a change of rate moves no other draw. */
export function drawError(
  { errorRate = 0, errorMix = [{ status: 500, weight: 1 }] }: ProviderSettings,
  random: () => number,
): Fault | undefined {
  const fails = random() < errorRate;
  const pick = random() * errorMix.reduce((sum, { weight }) => sum + weight, 0);
  return fails ? pickByWeight(errorMix, pick) : undefined;
}

function pickByWeight(mix: readonly WeightedError[], pick: number): Fault | undefined {
  let end = 0;
  const picked = mix.find(({ weight }) => pick < (end += weight));
  if (picked === undefined) return undefined;
  return 'fault' in picked
    ? picked.fault
    : { kind: 'status', status: picked.status, body: picked.body, headers: picked.headers };
}
