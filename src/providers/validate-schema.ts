/** Validates a value against a JSON schema. The only file that uses `@cfworker/json-schema`. */

/** Whether the value matches the schema; `undefined` where the schema itself is invalid. Never throws. */
export type KeepsSchema = (schema: unknown, value: unknown) => boolean | undefined;

/**
 * Loads the validator when something needs it: only probes and comparisons do, and it would add 3 % to the time in which the SDK is imported.
 * Rejects where the library cannot be loaded.
 */
export async function loadSchemaValidator(): Promise<KeepsSchema> {
  const { Validator } = await import('@cfworker/json-schema');
  return (schema, value) => {
    if (typeof schema !== 'object' || schema === null) return undefined;
    try {
      // The validator ignores unknown keywords and throws where it cannot read the schema.
      return new Validator(schema, '2020-12').validate(value).valid;
    } catch {
      return undefined;
    }
  };
}
