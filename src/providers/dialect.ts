/** How a body must change for a provider, beyond its model and the user's params. */

import type { Call } from '../domain/call.ts';
import type { DialectChange } from './body-draft.ts';
import { DIALECTS } from './dialect-rules.ts';
import type { ProviderName } from './presets.ts';

/** What it is where a body can go as it is. */
export const NO_CHANGES: readonly DialectChange[] = Object.freeze([]);

/**
 * The changes that make a body one the provider takes. `NO_CHANGES` where nothing changes, where the provider is not
 * known, and for surfaces and models that no rule speaks of. The body is only read; values in the changes share what
 * stays the same with it.
 * @param call its `model` is the one that the upstream is asked for
 */
export function dialectChanges(
  provider: ProviderName | undefined,
  call: Pick<Call, 'surface' | 'model'>,
  body: Readonly<Record<string, unknown>>,
): readonly DialectChange[] {
  if (provider === undefined) return NO_CHANGES;
  const rules = DIALECTS[provider][call.surface];
  if (rules === undefined) return NO_CHANGES;
  let changes: DialectChange[] | undefined;
  const context = { model: call.model, body };
  for (const rule of rules) {
    const value = body[rule.field];
    if (value === undefined) continue;
    const change = rule.change(value, context);
    if (change !== undefined) (changes ??= []).push(change);
  }
  return changes ?? NO_CHANGES;
}
