/** Decides which fault a request gets. */

import type { Fault } from '../script/fault.ts';
import type { ReceivedRequest } from './received-request.ts';
import type { OrderedFault, ProviderSettings, WeightedError } from './settings.ts';

/** The faults per model. Each is used up according to its `times` and `lastsMs`. */
export class FaultQueue {
  readonly #queues: ReadonlyMap<string, PendingFault[]>;

  constructor(faults: NonNullable<ProviderSettings['faults']> = {}) {
    const entries = Object.entries(faults).map(([model, listed]): [string, PendingFault[]] => [
      model,
      [listed].flat().map((fault) => ({ fault, left: fault.times ?? Infinity, endsAtMs: Infinity })),
    ]);
    this.#queues = new Map(entries);
  }

  /** The fault for a request; uses up one of its `times`. */
  take(request: ReceivedRequest): Fault | undefined {
    const own = request.model === undefined ? undefined : this.#queues.get(request.model);
    return takeFrom(own, request) ?? takeFrom(this.#queues.get('*'), request);
  }
}

interface PendingFault {
  readonly fault: OrderedFault;
  left: number;
  /** Set when the fault is first used. */
  endsAtMs: number;
}

function takeFrom(queue: PendingFault[] | undefined, request: ReceivedRequest): Fault | undefined {
  const { atMs } = request;
  const pending = queue?.find(
    ({ fault, left, endsAtMs }) => left > 0 && atMs < endsAtMs && fault.when?.(request) !== false,
  );
  if (pending === undefined) return undefined;
  const { lastsMs = Infinity } = pending.fault;
  if (pending.endsAtMs === Infinity) pending.endsAtMs = atMs + lastsMs;
  pending.left--;
  return pending.fault;
}

/**
 * The random error of a request, if any. Always draws two numbers, so that another rate does not change later draws.
 */
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
