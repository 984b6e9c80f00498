/** One change that a provider's dialect asks of a body. */

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
