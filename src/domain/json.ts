/** Narrows values from outside: bodies, chunks, errors. */

/** An object whose fields have not been checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether `value` is an object and not a list. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of an object, or an empty object for any other value. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : NO_FIELDS;
}

const NO_FIELDS: Fields = Object.freeze({});

/** JSON that does not depend on the order of fields: two values with the same fields give the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    isRecord(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

/** Whether `value` is a promise, including promises of other realms and libraries. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
