/** Chooses the model that is requested from an upstream. */

import type { Call } from '../domain/call.ts';

/**
 * A string replaces every model, a record maps model to model, `undefined` keeps the caller's model. The entry `'*'` of a record replaces
 * the models that it does not name.
 */
export type ModelRule = string | Readonly<Record<string, string>> | undefined;

/**
 * The model to request, given the caller's. A string and the entry `'*'` do not apply to embeddings and moderations, since the vectors of
 * two models cannot be compared: only an entry of their own model changes it.
 */
export function upstreamModel(rule: ModelRule, call: Pick<Call, 'surface' | 'model'>): string | undefined {
  if (rule === undefined) return call.model;
  if (typeof rule === 'string') return keepsModel(call) ? call.model : rule;
  if (call.model !== undefined && Object.hasOwn(rule, call.model)) return rule[call.model];
  return keepsModel(call) ? call.model : (rule['*'] ?? call.model);
}

function keepsModel({ surface }: Pick<Call, 'surface'>): boolean {
  return surface === 'embeddings' || surface === 'moderations' || surface === 'other';
}
