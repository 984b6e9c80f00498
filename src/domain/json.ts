/** Narrows what comes from outside: bodies, chunks, errors. */

/** An object whose fields nobody has vouched for. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether `value` is an object and no list. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of an object; of anything else, none. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : NO_FIELDS;
}

const NO_FIELDS: Fields = Object.freeze({});

/** Also the promise of another realm, or of a library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
