/** The rules of a dialect: each says how one field of a body has to change for a provider. */

/** A change of one top-level field, as data. A nested value is changed by setting the field that contains it. */
export type DialectChange =
  | { readonly field: string; readonly change: 'set'; readonly value: unknown; readonly reason: string }
  /** The value moves to the field `to`, which has no value. */
  | { readonly field: string; readonly change: 'rename'; readonly to: string; readonly reason: string }
  | { readonly field: string; readonly change: 'remove'; readonly reason: string };

/** What a rule sees in addition to its own field. */
export interface DialectContext {
  /** The model that is requested from the upstream. */
  readonly model: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** When a rule applies; without a condition it always does. */
type Condition = (context: DialectContext) => boolean;

/** A rule for one field. `change` is called only for bodies that have the field. */
export interface DialectRule {
  readonly field: string;
  change(value: unknown, context: DialectContext): DialectChange | undefined;
}

/** Rules that remove fields. */
export function removes(fields: readonly string[], reason: string, when?: Condition): readonly DialectRule[] {
  return fields.map((field) => {
    const removal: DialectChange = { field, change: 'remove', reason };
    return { field, change: (_value, context) => (when === undefined || when(context) ? removal : undefined) };
  });
}

/** A rule that renames a field. Where both names have a value, the name that the provider supports wins. */
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

/** A rule that changes the value of a field; `fit` returns the same value where nothing changes. */
export function sets(field: string, reason: string, fit: (value: unknown) => unknown): DialectRule {
  return {
    field,
    change(value) {
      const fitted = fit(value);
      return fitted === value ? undefined : { field, change: 'set', value: fitted, reason };
    },
  };
}

/** A rule that changes the value of a field by the model that is requested; `fit` returns `undefined` to remove the field. */
export function setsBy(
  field: string,
  reason: string,
  fit: (value: unknown, context: DialectContext) => unknown,
): DialectRule {
  return {
    field,
    change(value, context) {
      const fitted = fit(value, context);
      if (fitted === value) return undefined;
      return fitted === undefined
        ? { field, change: 'remove', reason }
        : { field, change: 'set', value: fitted, reason };
    },
  };
}

function hasValue(value: unknown): boolean {
  return value !== undefined && value !== null;
}
