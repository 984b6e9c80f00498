/** What must change in a call's body for one upstream: its model, params, output limit, dialect, and the request for usage. */

import type { Call } from '../domain/call.ts';
import { isRecord } from '../domain/json.ts';
import { applyChanges, BodyDraft, type DialectChange } from './body-draft.ts';
import { dialectChanges, NO_CHANGES } from './dialect.ts';
import type { BodyPatch } from './patch-body.ts';
import { type ProviderName, providerPreset } from './presets.ts';
import { type ModelRule, upstreamModel } from './upstream-model.ts';

/** How an upstream wants its bodies. */
export interface BodyRules {
  readonly model?: ModelRule;
  /** Body fields to set, or to remove with `null`; `undefined` leaves a field alone. They win over `model`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** The most output tokens a call may ask for; a larger or absent limit is lowered to it. */
  readonly maxOutputTokens?: number | undefined;
  /** Ask for usage on streams of chat and completions whose caller did not. @default false */
  readonly includeUsage?: boolean | undefined;
  /** Decides the dialect, and the name of the limit on a chat call that has none. */
  readonly provider?: ProviderName | undefined;
}

/** A patch for one upstream. */
export interface UpstreamPatch extends BodyPatch {
  /** The stream will carry a usage chunk that the caller did not ask for and must not see. */
  readonly usageAdded: boolean;
  /** What the provider's dialect asked for, and was done: for reports, since `set` and `remove` hold it already. */
  readonly changes: readonly DialectChange[];
}

/**
 * The patch that makes the caller's body fit an upstream; `undefined` when nothing changes, when the body is not an
 * object, and for calls that are not portable. The body itself is only read.
 */
export function createBodyPatch(
  rules: BodyRules,
  call: Pick<Call, 'surface' | 'model' | 'stream'>,
  body: unknown,
): UpstreamPatch | undefined {
  if (call.surface === 'other' || !isRecord(body)) return undefined;
  if (!rules.params && rules.maxOutputTokens === undefined) return plainPatch(rules, call, body);
  return draftedPatch(rules, call, body);
}

function draftedPatch(
  rules: BodyRules,
  call: Pick<Call, 'surface' | 'model' | 'stream'>,
  body: Readonly<Record<string, unknown>>,
): UpstreamPatch | undefined {
  const draft = new BodyDraft(body);
  if (rules.model !== undefined) draft.set('model', upstreamModel(rules.model, call));
  for (const [field, value] of Object.entries(rules.params ?? {})) draft.set(field, value);
  if (rules.maxOutputTokens !== undefined) limitOutput(draft, rules, call, rules.maxOutputTokens);
  const changes = speakDialect(draft, rules, call);
  const usageAdded = call.stream && includeUsage(draft, rules, call);
  return draft.changed ? { ...draft.patch, usageAdded, changes } : undefined;
}

/** What most calls take, at the least cost. */
function plainPatch(
  rules: BodyRules,
  call: Pick<Call, 'surface' | 'model' | 'stream'>,
  body: Readonly<Record<string, unknown>>,
): UpstreamPatch | undefined {
  const model = upstreamModel(rules.model, call);
  const changes = dialectChanges(rules.provider, { surface: call.surface, model }, body);
  if (changes.length > 0) return draftedPatch(rules, call, body);
  const keepsModel = model === call.model || model === undefined;
  const options = body['stream_options'];
  const usageAdded = call.stream && rules.includeUsage === true && tellsUsage(call) && !asksForUsage(options);
  if (keepsModel && !usageAdded) return undefined;
  const set = { ...(!keepsModel && { model }), ...(usageAdded && { stream_options: withUsage(options) }) };
  return { set, remove: [], usageAdded, changes };
}

/**
 * The dialect looks at the body as it will be, the user's params included (they may change the model, or ask for
 * reasoning), and leaves alone what params speak of: they know the upstream better than we.
 */
function speakDialect(
  draft: BodyDraft,
  { provider, params, model: rule }: BodyRules,
  call: Pick<Call, 'surface' | 'model'>,
): readonly DialectChange[] {
  if (provider === undefined) return NO_CHANGES;
  const named = draft.get('model');
  const model = typeof named === 'string' ? named : upstreamModel(rule, call);
  const body = draft.changed ? draft.whole : draft.body;
  const all = dialectChanges(provider, { surface: call.surface, model }, body);
  if (all.length === 0) return NO_CHANGES;
  const isParam = (field: string): boolean => params?.[field] !== undefined;
  const changes = all.filter((change) => !isParam(change.field) && !(change.change === 'rename' && isParam(change.to)));
  applyChanges(draft, changes);
  return changes;
}

/** Whether the upstream will send usage that the caller did not ask for. */
function includeUsage(draft: BodyDraft, rules: BodyRules, call: Pick<Call, 'surface'>): boolean {
  if (!tellsUsage(call) || asksForUsage(draft.body['stream_options'])) return false;
  // Params that speak of stream_options know better than we what the upstream takes.
  const decided = rules.params?.['stream_options'] !== undefined;
  if (rules.includeUsage === true && !decided) {
    draft.set('stream_options', withUsage(draft.get('stream_options')));
  }
  return asksForUsage(draft.get('stream_options'));
}

/** Whether streams of a surface tell their usage only to those who ask. */
function tellsUsage({ surface }: Pick<Call, 'surface'>): boolean {
  return surface === 'chat' || surface === 'completions';
}

function withUsage(streamOptions: unknown): object {
  return { ...(isRecord(streamOptions) ? streamOptions : {}), include_usage: true };
}

function asksForUsage(streamOptions: unknown): boolean {
  return isRecord(streamOptions) && streamOptions['include_usage'] === true;
}

/* PART: The most output tokens that a call may ask for. */

/** What decides on the name of the limit. */
export interface LimitRules {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly provider?: ProviderName | undefined;
}

/** Lowers the limit on output tokens to `maxOutputTokens`, and sets one where the call has none. */
function limitOutput(draft: BodyDraft, rules: LimitRules, call: Pick<Call, 'surface'>, maxOutputTokens: number): void {
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
