/** Makes up a value that a JSON schema describes. */

import { asRecord } from './request-body.ts';

/** Of an enum the first value that the prompt names, else the first; everything that is no schema gives `null`. */
export function fillSchema(schema: unknown, prompt: string): unknown {
  const { type, properties, items, enum: listed, const: fixed, anyOf, minimum } = asRecord(schema);
  if (fixed !== undefined) return fixed;
  if (Array.isArray(listed)) return listed.find((value) => prompt.includes(String(value))) ?? listed[0];
  if (Array.isArray(anyOf)) return fillSchema(anyOf[0], prompt);
  const [first] = [type].flat();
  switch (first) {
    case 'object':
      return Object.fromEntries(
        Object.entries(asRecord(properties)).map(([name, property]) => [name, fillSchema(property, prompt)]),
      );
    case 'array':
      return [fillSchema(items, prompt)];
    case 'string':
      return 'something';
    case 'integer':
    case 'number':
      return typeof minimum === 'number' ? minimum : 3;
    case 'boolean':
      return true;
    default:
      return null;
  }
}
