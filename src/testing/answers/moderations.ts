/** POST /moderations. */

import type { Generation } from './generation.ts';
import type { Reply } from './reply.ts';
import type { RequestBody } from './request-body.ts';

/** One result per input; no input is ever flagged. */
export function moderationsReply(body: RequestBody, { id, model }: Generation): Reply {
  const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']];
  const results = inputs.map(() => ({
    flagged: false,
    categories: forEachCategory(false),
    category_scores: forEachCategory(0),
    category_applied_input_types: forEachCategory(['text']),
  }));
  return { kind: 'json', body: { id: `modr-${id}`, model, results } };
}

function forEachCategory<Value>(value: Value): Record<string, Value> {
  return Object.fromEntries(CATEGORIES.map((category) => [category, value]));
}

/** The categories of omni-moderation-latest. */
const CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];
