/** The JSON schema that a call asks its answer to keep. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';

/** `undefined` where none is asked for. */
export function askedSchema(surface: Surface, body: unknown): unknown {
  const { response_format: format, text } = fields(body);
  if (surface === 'chat') return ofKind(format) ? fields(fields(format)['json_schema'])['schema'] : undefined;
  const inText = fields(text)['format'];
  return surface === 'responses' && ofKind(inText) ? fields(inText)['schema'] : undefined;
}

function ofKind(format: unknown): boolean {
  return fields(format)['type'] === 'json_schema';
}
