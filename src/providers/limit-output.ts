/** The most output tokens that a call may ask for. */

import type { Call } from '../domain/call.ts';
import type { BodyDraft } from './body-draft.ts';
import { providerPreset, type ProviderName } from './presets.ts';

/** What decides on the name of the limit. */
export interface LimitRules {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly provider?: ProviderName | undefined;
}

/** Lowers the limit on output tokens to `maxOutputTokens`, and sets one where the call has none. */
export function limitOutput(
  draft: BodyDraft,
  rules: LimitRules,
  call: Pick<Call, 'surface'>,
  maxOutputTokens: number,
): void {
  const fields = limitFields(rules, call);
  const used = fields.filter((field) => (draft.get(field) ?? null) !== null);
  for (const field of used) {
    const limit = draft.get(field);
    if (typeof limit === 'number' && limit > maxOutputTokens) draft.set(field, maxOutputTokens);
  }
  // A field that params remove is one the upstream does not understand.
  const field = fields.find((candidate) => rules.params?.[candidate] !== null);
  if (used.length === 0 && field !== undefined) draft.set(field, maxOutputTokens);
}

/** The surface's own names for the limit, the preferred one first. */
function limitFields(rules: LimitRules, call: Pick<Call, 'surface'>): readonly string[] {
  const { surface } = call;
  switch (surface) {
    case 'chat':
      return chatLimitField(rules.provider) === 'max_tokens'
        ? ['max_tokens', 'max_completion_tokens']
        : ['max_completion_tokens', 'max_tokens'];
    case 'completions':
      return ['max_tokens'];
    case 'responses':
      return ['max_output_tokens'];
    case 'embeddings':
    case 'moderations':
    case 'other':
      return [];
    default:
      return surface satisfies never;
  }
}

function chatLimitField(provider: ProviderName | undefined): string {
  return provider === undefined ? 'max_tokens' : providerPreset(provider).chatLimitField;
}
