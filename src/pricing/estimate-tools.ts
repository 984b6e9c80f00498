/** The tokens of tools and schemas. */

import { isRecord } from '../domain/json.ts';
import type { CountTokens } from './count-tokens.ts';

/** The tools or functions of a request, with the frame around them. */
export function toolsTokens(list: unknown, count: CountTokens): number {
  if (!Array.isArray(list)) return 0;
  return list.length === 0 ? 0 : TOKENS_OF_TOOLS + list.length * TOKENS_PER_TOOL + schemaTokens(list, count);
}

/** The frame around functions, as the recorded answers of OpenAI have it. That of others takes up to 500 tokens. */
const TOKENS_OF_TOOLS = 18;
const TOKENS_PER_TOOL = 2;

/**
 * What the model reads of a schema: names, descriptions and types. Providers write it out in fewer words than its JSON has
 * (OpenAI as TypeScript), so the keywords of JSON Schema count nothing.
 */
export function schemaTokens(schema: unknown, count: CountTokens): number {
  if (typeof schema === 'string') return count(schema);
  if (typeof schema === 'number') return 1;
  let tokens = 0;
  if (Array.isArray(schema)) for (const entry of schema) tokens += schemaTokens(entry, count);
  else if (isRecord(schema)) {
    for (const key of Object.keys(schema)) {
      tokens += (KEYWORDS.has(key) ? 0 : count(key) + TOKENS_PER_NAME) + schemaTokens(schema[key], count);
    }
  }
  return tokens;
}

/** A colon, a comma. */
const TOKENS_PER_NAME = 2;

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'type function name description parameters strict json_schema schema format properties required items ' +
    'additionalProperties enum anyOf oneOf allOf $ref $defs title default const $schema'
  ).split(' '),
);
