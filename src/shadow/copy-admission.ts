/** Asks for leave to send a copy: real calls come first, and money is held before it is spent. */

import type { ShadowDropReason } from '../domain/shadow.ts';
import { estimateInput } from '../pricing/estimate-input.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Load } from '../resilience/limits/slot.ts';
import { Budgets } from '../budgets/budgets.ts';
import { Reservation } from '../budgets/reservation.ts';
import type { CopyOf } from './copy.ts';
import type { ShadowParts } from './shadow-services.ts';
import type { ShadowPolicy } from './shadow-policy.ts';

export class CopyAdmission {
  readonly #parts: ShadowParts;
  /** The bound of all copies together. */
  readonly #own: Budgets | undefined;

  constructor({ budgetUsd }: ShadowPolicy, parts: ShadowParts) {
    this.#parts = parts;
    this.#own = budgetUsd === undefined ? undefined : dailyBudget(budgetUsd, parts);
  }

  /** The money that is held for a copy, to be settled when it has ended; or why it is dropped. */
  enter(copy: CopyOf): readonly Reservation[] | ShadowDropReason {
    const { target, upstream } = copy;
    const { clock, budgets } = this.#parts;
    const nowMs = clock.now();
    // Whom real calls are kept away from is not asked for a copy.
    if (upstream.pause.until(nowMs) !== null || upstream.breaker?.state.state === 'open') return 'unavailable';
    if (target.isPaused(nowMs)) return 'unavailable';
    if (this.#own) this.#warnWithoutPrice(copy);
    const held: Reservation[] = [];
    for (const budget of [this.#own, budgets]) {
      const reserved = budget?.reserve(copy.call, upstream.name, copy.options.body);
      if (reserved instanceof Reservation) held.push(reserved);
      else if (reserved) return giveBack(held, 'budget');
    }
    return takesOfLimits(copy) ? held : giveBack(held, 'unavailable');
  }

  #warnWithoutPrice({ upstream, call, options }: CopyOf): void {
    if (this.#parts.estimateCostUsd(upstream.name, call, options.body) !== undefined) return;
    const unknown = new Error(`no price is known for what ${upstream.name} serves, so that no budget can hold it`);
    this.#parts.observer.failed('The budget of shadows', unknown);
  }
}

/** Days are UTC's. */
function dailyBudget(limitUsd: number, { clock, estimateCostUsd }: ShadowParts): Budgets {
  const policy = { name: 'shadow', per: 'day', limitUsd, scope: 'all', only: undefined, rejects: true } as const;
  const nothing = (): void => undefined;
  return new Budgets({ policies: [policy], clock, estimateCostUsd, shortKey: (key) => key, onShare: nothing });
}

function giveBack(held: readonly Reservation[], reason: ShadowDropReason): ShadowDropReason {
  for (const reservation of held) reservation.cancel();
  return reason;
}

/**
 * Whether the limits of the upstream have room. A copy counts among its requests and tokens of the minute, as the provider counts
 * it; it holds no place while it is under way, so that one that hangs takes none from a real call.
 */
function takesOfLimits({ upstream, call, options }: CopyOf): boolean {
  const { limits, config } = upstream;
  if (!limits) return true;
  const tokens =
    Math.ceil(estimateInput(call.surface, options.body)) + estimateOutput(call.surface, options.body, config.rules);
  const load: Load = { tokens, model: upstreamModel(config.rules.model, call) };
  const slot = limits.admit(load);
  slot?.settle();
  return slot !== undefined;
}
