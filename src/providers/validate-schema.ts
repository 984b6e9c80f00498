/** Validates a value against a JSON schema. The only file that uses `@cfworker/json-schema`. */

import { Validator } from '@cfworker/json-schema';

/** Whether the value matches the schema; `undefined` where the schema itself is invalid. Never throws. */
export function keepsSchema(schema: unknown, value: unknown): boolean | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  try {
    // The validator ignores unknown keywords and throws where it cannot read the schema.
    return new Validator(schema, '2020-12').validate(value).valid;
  } catch {
    return undefined;
  }
}
