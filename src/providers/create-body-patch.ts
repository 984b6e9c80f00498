/** What must change in a call's body for one upstream: its model, params, output limit, and the request for usage. */

import type { Call } from '../domain/call.ts';
import type { BodyPatch } from './patch-body.ts';
import { providerPreset, type ProviderName } from './presets.ts';
import { upstreamModel, type ModelRule } from './upstream-model.ts';

/** How an upstream wants its bodies. */
export interface BodyRules {
  readonly model?: ModelRule;
  /** Body fields to set, or to remove with `null`; `undefined` leaves a field alone. They win over `model`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** The most output tokens a call may ask for; a larger or absent limit is lowered to it. */
  readonly maxOutputTokens?: number | undefined;
  /** Ask for usage on streams of chat and completions whose caller did not. @default false */
  readonly includeUsage?: boolean | undefined;
  /** Decides the name of the limit on a chat call that has none. */
  readonly provider?: ProviderName | undefined;
}

/** A patch for one upstream. */
export interface UpstreamPatch extends BodyPatch {
  /** The stream will carry a usage chunk that the caller did not ask for and must not see. */
  readonly usageAdded: boolean;
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
  if (!call.stream && !rules.params && rules.maxOutputTokens === undefined) return modelPatch(rules, call);
  const draft = new Draft(body);
  if (rules.model !== undefined) draft.set('model', upstreamModel(rules.model, call));
  for (const [field, value] of Object.entries(rules.params ?? {})) draft.set(field, value);
  if (rules.maxOutputTokens !== undefined) limitOutput(draft, rules, call, rules.maxOutputTokens);
  const usageAdded = call.stream && includeUsage(draft, rules, call);
  return draft.changed ? { set: draft.changes, remove: draft.removed, usageAdded } : undefined;
}

/** What most calls take, at the least cost. */
function modelPatch({ model: rule }: BodyRules, call: Pick<Call, 'surface' | 'model'>): UpstreamPatch | undefined {
  const model = upstreamModel(rule, call);
  return model === call.model || model === undefined ? undefined : { set: { model }, remove: [], usageAdded: false };
}

/** The body as the upstream will see it, and what that takes. */
class Draft {
  readonly body: Readonly<Record<string, unknown>>;
  readonly #changes = new Map<string, unknown>();

  constructor(body: Readonly<Record<string, unknown>>) {
    this.body = body;
  }

  /** `null` removes the field, `undefined` leaves it; a field that has the value already is no change. */
  set(field: string, value: unknown): void {
    if (value === undefined) return;
    const current = this.#callers(field);
    const isChange = value === null ? current !== undefined : value !== current;
    if (isChange) this.#changes.set(field, value);
    else this.#changes.delete(field);
  }

  get(field: string): unknown {
    return this.#changes.has(field) ? this.#changes.get(field) : this.#callers(field);
  }

  get changed(): boolean {
    return this.#changes.size > 0;
  }

  get changes(): Record<string, unknown> {
    return Object.fromEntries([...this.#changes].filter(([, value]) => value !== null));
  }

  get removed(): string[] {
    return [...this.#changes].filter(([, value]) => value === null).map(([field]) => field);
  }

  #callers(field: string): unknown {
    return Object.hasOwn(this.body, field) ? this.body[field] : undefined;
  }
}

function limitOutput(draft: Draft, rules: BodyRules, call: Pick<Call, 'surface'>, maxOutputTokens: number): void {
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
function limitFields(rules: BodyRules, call: Pick<Call, 'surface'>): readonly string[] {
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

/** Whether the upstream will send usage that the caller did not ask for. */
function includeUsage(draft: Draft, rules: BodyRules, call: Pick<Call, 'surface'>): boolean {
  if (call.surface !== 'chat' && call.surface !== 'completions') return false;
  if (asksForUsage(draft.body['stream_options'])) return false;
  const options = draft.get('stream_options');
  // Params that speak of stream_options know better than we what the upstream takes.
  const decided = rules.params?.['stream_options'] !== undefined;
  if (rules.includeUsage === true && !decided) {
    draft.set('stream_options', { ...(isRecord(options) ? options : {}), include_usage: true });
  }
  return asksForUsage(draft.get('stream_options'));
}

function asksForUsage(streamOptions: unknown): boolean {
  return isRecord(streamOptions) && streamOptions['include_usage'] === true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
