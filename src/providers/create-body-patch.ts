/** Adapts a call's body to one upstream: model, params, output limit, dialect and the request for usage. */

import type { Call } from '../domain/call.ts';
import { isRecord } from '../domain/json.ts';
import { applyChanges, BodyDraft } from './body-draft.ts';
import type { DialectChange } from './dialect-rule.ts';
import { dialectChanges, NO_CHANGES } from './dialect.ts';
import type { BodyPatch } from './patch-body.ts';
import { type ProviderName, providerPreset } from './presets.ts';
import { type ModelRule, upstreamModel } from './upstream-model.ts';

/** How the body has to change for an upstream. */
export interface BodyRules {
  readonly model?: ModelRule;
  /** Body fields to set, or to remove with `null`; `undefined` leaves a field alone. They win over `model`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** The most output tokens that a call may request. A larger limit is lowered to it, and a missing one is set. */
  readonly maxOutputTokens?: number | undefined;
  /** Requests usage on streams of chat and completions whose caller says nothing of it. @default false */
  readonly includeUsage?: boolean | undefined;
  /** Selects the dialect, and the name of the limit for a chat call without one. */
  readonly provider?: ProviderName | undefined;
}

/** A patch for one upstream. */
export interface UpstreamPatch extends BodyPatch {
  /** The stream will contain a usage chunk that the caller did not request and must not see. */
  readonly usageAdded: boolean;
  /** The changes that the dialect made, for reports; `set` and `remove` already contain them. */
  readonly changes: readonly DialectChange[];
}

/**
 * The patch that adapts the caller's body to an upstream; `undefined` when nothing changes, when the body is not an object, and
 * for calls that are not portable. The body itself is never modified.
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
  const changes = applyDialect(draft, rules, call);
  const usageAdded = call.stream && includeUsage(draft, rules, call);
  return draft.changed ? { ...draft.patch, usageAdded, changes } : undefined;
}

/** The fast path of most calls: without params, without an output limit and without changes by a dialect. */
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
  const usageAdded = call.stream && rules.includeUsage === true && sendsUsageOnRequest(call) && !decidesUsage(options);
  if (keepsModel && !usageAdded) return undefined;
  const set = { ...(!keepsModel && { model }), ...(usageAdded && { stream_options: withUsage(options) }) };
  return { set, remove: [], usageAdded, changes };
}

/**
 * The dialect sees the body as it will be sent, the user's params included: they may change the model or request reasoning. It
 * does not change fields that params set, since the user knows the upstream better than we do.
 */
function applyDialect(
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

/** Requests usage where the rules want it, and returns whether the upstream will send usage that the caller did not request. */
function includeUsage(draft: BodyDraft, rules: BodyRules, call: Pick<Call, 'surface'>): boolean {
  if (!sendsUsageOnRequest(call) || decidesUsage(draft.body['stream_options'])) return false;
  // Params that contain stream_options win: the user knows what the upstream supports.
  const decided = rules.params?.['stream_options'] !== undefined;
  if (rules.includeUsage === true && !decided) {
    draft.set('stream_options', withUsage(draft.get('stream_options')));
  }
  return requestsUsage(draft.get('stream_options'));
}

/** Whether streams of this surface contain usage only on request. */
function sendsUsageOnRequest({ surface }: Pick<Call, 'surface'>): boolean {
  return surface === 'chat' || surface === 'completions';
}

function withUsage(streamOptions: unknown): object {
  return { ...(isRecord(streamOptions) ? streamOptions : {}), include_usage: true };
}

/** Whether the caller says if it wants usage. */
function decidesUsage(streamOptions: unknown): boolean {
  return isRecord(streamOptions) && typeof streamOptions['include_usage'] === 'boolean';
}

function requestsUsage(streamOptions: unknown): boolean {
  return isRecord(streamOptions) && streamOptions['include_usage'] === true;
}

/** Lowers the limit on output tokens to `maxOutputTokens`, or sets it where the call has no limit. */
function limitOutput(draft: BodyDraft, rules: BodyRules, call: Pick<Call, 'surface'>, maxOutputTokens: number): void {
  const fields = limitFieldsOf(rules, call);
  const used = fields.filter((field) => (draft.get(field) ?? null) !== null);
  for (const field of used) {
    const limit = draft.get(field);
    if (typeof limit === 'number' && limit > maxOutputTokens) draft.set(field, maxOutputTokens);
  }
  // The upstream does not understand a field that params remove.
  const field = fields.find((candidate) => rules.params?.[candidate] !== null);
  if (used.length === 0 && field !== undefined) draft.set(field, maxOutputTokens);
}

/** The names of the limit on this surface, the preferred one first. */
function limitFieldsOf(rules: BodyRules, call: Pick<Call, 'surface'>): readonly string[] {
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
