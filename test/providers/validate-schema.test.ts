import { expect, test } from 'vitest';
import { loadSchemaValidator } from '../../src/providers/validate-schema.ts';

const keepsSchema = await loadSchemaValidator();
const SCHEMA = {
  type: 'object',
  properties: { city: { enum: ['Paris', 'Tokyo'] }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};

test.each([
  [{ city: 'Paris', days: 3 }, true],
  [{ city: 'Rome', days: 3 }, false],
  [{ city: 'Paris', days: 3.5 }, false],
  [{ city: 'Paris' }, false],
  [{ city: 'Paris', days: 3, more: 1 }, false],
  ['Paris', false],
])('%j matches the schema: %s', (value, keeps) => {
  expect(keepsSchema(SCHEMA, value)).toBe(keeps);
});

test.each([[undefined], [null], ['text'], [{ $ref: '#/nowhere' }]])(
  'returns undefined for the invalid schema %j',
  (schema) => {
    expect(keepsSchema(schema, {})).toBeUndefined();
  },
);
