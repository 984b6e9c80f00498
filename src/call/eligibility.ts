/** Whether an upstream can serve a call at all, ignoring its current health. */

import type { Call, Requirement, SkipReason } from '../domain/call.ts';
import { lacks } from '../providers/capabilities.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { CallServices } from './call-services.ts';

/** What eligibility depends on. */
export type EligibilityInputs = Pick<CallServices, 'upstreams' | 'stable' | 'estimateCostUsd' | 'isPriced'>;

/** Why an upstream cannot serve a call. Forcing an upstream skips the check of its capabilities, but not those of its model, price and cost. */
export function ineligibleReason(
  name: string,
  call: Call,
  body: unknown,
  inputs: EligibilityInputs,
): SkipReason | undefined {
  if (!servesModel(name, call, inputs)) return 'model';
  if (missingCapability(name, call, inputs.upstreams)) return 'capability';
  if (inputs.isPriced && !inputs.isPriced(name, call)) return 'price';
  return call.maxCostUsd !== undefined && exceeds(call.maxCostUsd, inputs.estimateCostUsd(name, call, body))
    ? 'cost'
    : undefined;
}

/**
 * Whether a rolled-back upstream must not get a call. What only it can serve stays with it: a forced call, and what names an id or an item
 * that it may have made.
 */
export function isTakenOut(
  name: string,
  { forcedUpstream, ownedId, sealedItems }: Call,
  { isRolledBack, ownerOf }: Pick<CallServices, 'isRolledBack' | 'ownerOf'>,
): boolean {
  if (!isRolledBack(name) || forcedUpstream === name || ownedId !== undefined) return false;
  return !sealedItems?.some((item) => (ownerOf(item) ?? name) === name);
}

/** Whether an upstream serves the very model that an embeddings or moderations call names: vectors of two models cannot be compared. */
export function servesModel(
  name: string,
  call: Call,
  inputs: Pick<EligibilityInputs, 'upstreams' | 'stable'>,
): boolean {
  if (call.surface !== 'embeddings' && call.surface !== 'moderations') return true;
  if (name === inputs.stable) return true;
  const model = inputs.upstreams.get(name)?.config.rules.model;
  if (model === undefined || call.model === undefined) return model === undefined;
  return typeof model === 'string' ? model === call.model : Object.hasOwn(model, call.model);
}

/** A requirement of the call that the upstream does not meet. */
export function missingCapability(
  name: string,
  call: Call,
  upstreams: EligibilityInputs['upstreams'],
): Requirement | undefined {
  const upstream = upstreams.get(name);
  if (!upstream || call.requirements.size === 0 || call.forcedUpstream === name) return undefined;
  const { config, probed: known } = upstream;
  const model = upstreamModel(config.rules.model, call);
  // A probe covers one model on chat and says nothing about other models or surfaces.
  const probed = known?.model === model && call.surface === 'chat' ? known?.capabilities : undefined;
  return lacks({ ...config.capable, model, probed }, call.surface, call.requirements);
}

/** A call whose cost cannot be estimated does not exceed the cap. */
function exceeds(capUsd: number, estimateUsd: number | undefined): boolean {
  return estimateUsd !== undefined && estimateUsd > capUsd;
}
