/** Chooses the model that is requested from an upstream. */

import type { Call } from '../domain/call.ts';

/** A string replaces every model, a record maps model to model, `undefined` keeps the caller's model. */
export type ModelRule = string | Readonly<Record<string, string>> | undefined;

/**
 * The model to request, given the caller's. A string does not apply to embeddings and moderations, since the vectors of two models
 * cannot be compared: only an entry of a record changes their model.
 */
export function upstreamModel(rule: ModelRule, call: Pick<Call, 'surface' | 'model'>): string | undefined {
  if (rule === undefined) return call.model;
  if (typeof rule === 'string') return keepsModel(call) ? call.model : rule;
  return call.model !== undefined && Object.hasOwn(rule, call.model) ? rule[call.model] : call.model;
}

function keepsModel({ surface }: Pick<Call, 'surface'>): boolean {
  return surface === 'embeddings' || surface === 'moderations' || surface === 'other';
}
