/** Headers in every form that the SDK takes. */

/** The entries, names in lower case; `null` removes a default header. */
export function headerEntries(headers: unknown): [string, string | null][] {
  if (typeof headers !== 'object' || headers === null) return [];
  if ('values' in headers && headers.values instanceof Headers) {
    const removed = 'nulls' in headers && headers.nulls instanceof Set ? [...headers.nulls] : [];
    return [...headers.values, ...removed.map((name): [string, null] => [String(name), null])];
  }
  // `Headers` and lists of pairs are iterable, records are not.
  const rows = Symbol.iterator in headers ? [...(headers as Iterable<[unknown, unknown]>)] : Object.entries(headers);
  return rows.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((item) => item !== undefined)
      .map((item): [string, string | null] => [String(name).toLowerCase(), item === null ? null : String(item)]),
  );
}
