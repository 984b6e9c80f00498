/** The model that an upstream is asked for. */

import type { Call } from '../domain/call.ts';

/** A string replaces every model, a record maps model to model, `undefined` keeps the caller's. */
export type ModelRule = string | Readonly<Record<string, string>> | undefined;

/**
 * The model to ask an upstream for, given the one the caller named. Vectors of two models do not compare, so on
 * embeddings and moderations a rule that is a string does not apply: only a record entry changes their model.
 */
export function upstreamModel(rule: ModelRule, call: Pick<Call, 'surface' | 'model'>): string | undefined {
  if (rule === undefined) return call.model;
  if (typeof rule === 'string') return keepsModel(call) ? call.model : rule;
  return call.model !== undefined && Object.hasOwn(rule, call.model) ? rule[call.model] : call.model;
}

function keepsModel({ surface }: Pick<Call, 'surface'>): boolean {
  return surface === 'embeddings' || surface === 'moderations' || surface === 'other';
}
