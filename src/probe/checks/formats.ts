/** Structured output: JSON mode and enforced schemas. */

import { isRecord } from '../../domain/json.ts';
import { loadSchemaValidator } from '../../providers/validate-schema.ts';
import { fail, pass, refused, type Check } from '../check.ts';
import { parsed, textOf, user } from '../reply.ts';

export const jsonMode: Check = {
  name: 'jsonMode',
  needs: 'chat',
  run: async (client) => {
    const question = user('Name the capital of France and its river, as a JSON object with the fields city and river.');
    const reply = await client.chat({ ...question, response_format: { type: 'json_object' } });
    if (reply.refusal) return refused(reply.refusal);
    const text = textOf(reply);
    if (isRecord(parsed(text))) return pass(`a JSON object of ${text.length} characters`);
    return fail(text.includes('```') ? 'the JSON is wrapped in a Markdown fence' : 'the answer is not a JSON object');
  },
};

/** The prompt does not describe the schema, so an answer matches only if the upstream enforces it. */
export const jsonSchema: Check = {
  name: 'jsonSchema',
  needs: 'chat',
  run: async (client) => {
    const json_schema = { name: 'trip', strict: true, schema: SCHEMA };
    const question = user('Plan a trip to Paris.');
    const reply = await client.chat({ ...question, response_format: { type: 'json_schema', json_schema } });
    if (reply.refusal) return refused(reply.refusal);
    const value = parsed(textOf(reply));
    if (value === undefined) return fail('the answer is not JSON');
    const keepsSchema = await loadSchemaValidator();
    return keepsSchema(SCHEMA, value)
      ? pass('the answer matches the schema')
      : fail('the answer does not match the schema');
  },
};

const SCHEMA = {
  type: 'object',
  properties: {
    destination: { type: 'string' },
    length_in_days: { type: 'integer' },
    means_of_travel: { type: 'array', items: { type: 'string', enum: ['train', 'plane', 'ship'] } },
  },
  required: ['destination', 'length_in_days', 'means_of_travel'],
  additionalProperties: false,
};
