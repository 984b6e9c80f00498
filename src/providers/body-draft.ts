/** A body in the making: the caller's, and what has to change in it. */

import type { BodyPatch } from './patch-body.ts';

/** The body as the upstream will see it, and what that takes. The caller's body is only read. */
export class BodyDraft {
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

  /** The whole body with its changes; removed fields are `null`. */
  get whole(): Readonly<Record<string, unknown>> {
    const whole: Record<string, unknown> = { ...this.body };
    for (const [field, value] of this.#changes) whole[field] = value;
    return whole;
  }

  get patch(): BodyPatch {
    const changes = [...this.#changes];
    return {
      set: Object.fromEntries(changes.filter(([, value]) => value !== null)),
      remove: changes.filter(([, value]) => value === null).map(([field]) => field),
    };
  }

  #callers(field: string): unknown {
    return Object.hasOwn(this.body, field) ? this.body[field] : undefined;
  }
}

/** Makes the changes of a dialect in a draft. */
export function applyChanges(draft: BodyDraft, changes: readonly DialectChange[]): void {
  for (const change of changes) {
    switch (change.change) {
      case 'set':
        draft.set(change.field, change.value);
        break;
      case 'rename':
        draft.set(change.to, draft.get(change.field));
        draft.set(change.field, null);
        break;
      case 'remove':
        draft.set(change.field, null);
        break;
      default:
        change satisfies never;
    }
  }
}

/* PART: One change that a provider's dialect asks of a body. */

/** A change of one top-level field, as data. What lies deeper is set with the field that holds it. */
export type DialectChange =
  | { readonly field: string; readonly change: 'set'; readonly value: unknown; readonly reason: string }
  /** The value moves to the field `to`, which has none. */
  | { readonly field: string; readonly change: 'rename'; readonly to: string; readonly reason: string }
  | { readonly field: string; readonly change: 'remove'; readonly reason: string };

/** What a rule sees beside the field it is about. */
export interface DialectContext {
  /** The model that the upstream is asked for. */
  readonly model: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** When a rule applies; without one it always does. */
type Condition = (context: DialectContext) => boolean;

/** A rule about one field. It is asked only for bodies that have the field. */
export interface DialectRule {
  readonly field: string;
  change(value: unknown, context: DialectContext): DialectChange | undefined;
}

/** Rules that take fields away. */
export function removes(fields: readonly string[], reason: string, when?: Condition): readonly DialectRule[] {
  return fields.map((field) => {
    const removal: DialectChange = { field, change: 'remove', reason };
    return { field, change: (_value, context) => (when === undefined || when(context) ? removal : undefined) };
  });
}

/** A rule that gives a field another name. Where both names have a value, the one that the provider knows stands. */
export function renames(field: string, to: string, reason: string, when?: Condition): DialectRule {
  const renaming: DialectChange = { field, change: 'rename', to, reason };
  const removal: DialectChange = { field, change: 'remove', reason };
  return {
    field,
    change(value, context) {
      if (when !== undefined && !when(context)) return undefined;
      return hasValue(value) && !hasValue(context.body[to]) ? renaming : removal;
    },
  };
}

/** A rule that gives a field another value; `fit` returns the same value where nothing changes. */
export function sets(field: string, reason: string, fit: (value: unknown) => unknown): DialectRule {
  return {
    field,
    change(value) {
      const fitted = fit(value);
      return fitted === value ? undefined : { field, change: 'set', value: fitted, reason };
    },
  };
}

function hasValue(value: unknown): boolean {
  return value !== undefined && value !== null;
}
