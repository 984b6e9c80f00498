/** Whether a value keeps a JSON schema. The only file that knows `@cfworker/json-schema`. */

import { Validator } from '@cfworker/json-schema';

/** `undefined` where the schema itself cannot be read, so that nothing can be said. Never throws. */
export function keepsSchema(schema: unknown, value: unknown): boolean | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  try {
    // A schema is what the validator makes of it: it ignores what it does not know, and throws at what it cannot read.
    return new Validator(schema, '2020-12').validate(value).valid;
  } catch {
    return undefined;
  }
}
