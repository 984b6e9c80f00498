/** Whether an upstream is one for a call at all, whatever its state. */

import type { Call, Requirement, SkipReason } from '../domain/call.ts';
import { lacks } from '../providers/capabilities.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { EstimateCostUsd, IsPriced } from '../upstream/upstream-costs.ts';

/** What fitness is told by. */
export interface EligibilityInputs {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly stable: string;
  readonly estimateCostUsd: EstimateCostUsd;
  /** Absent where calls may go to upstreams whose price nobody knows. */
  readonly isPriced: IsPriced | undefined;
}

/** Why an upstream is none for a call, whatever its state. Whom the caller forces is asked all the same, but for its price and cost. */
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

/** Whether an upstream may serve the model of a call: vectors of two models do not compare. */
export function servesModel(name: string, call: Call, state: Pick<EligibilityInputs, 'upstreams' | 'stable'>): boolean {
  if (call.surface !== 'embeddings' && call.surface !== 'moderations') return true;
  if (name === state.stable) return true;
  const model = state.upstreams.get(name)?.config.rules.model;
  if (model === undefined || call.model === undefined) return model === undefined;
  return typeof model === 'string' ? model === call.model : Object.hasOwn(model, call.model);
}

/** What the call needs and the upstream cannot do. */
export function missingCapability(
  name: string,
  call: Call,
  upstreams: EligibilityInputs['upstreams'],
): Requirement | undefined {
  const upstream = upstreams.get(name);
  if (!upstream || call.requirements.size === 0 || call.forcedUpstream === name) return undefined;
  const { config, probed: known } = upstream;
  const model = upstreamModel(config.rules.model, call);
  // What was seen of one model on chat says nothing of another model or surface.
  const probed = known?.model === model && call.surface === 'chat' ? known?.capabilities : undefined;
  return lacks({ ...config.capable, model, probed }, call.surface, call.requirements);
}

/** What nobody can price is not known to be too dear. */
function exceeds(capUsd: number, estimateUsd: number | undefined): boolean {
  return estimateUsd !== undefined && estimateUsd > capUsd;
}
