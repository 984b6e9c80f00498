/** Drops the parts of a request body that a defective provider ignores. */

import type { RequestBody } from '../answers/request-body.ts';
import { asRecord } from '../answers/request-body.ts';
import type { Defect, Defects } from './defect.ts';

/** The body that reaches the model; the same object if nothing is ignored. */
export function dropIgnored(body: RequestBody, defects: Defects): RequestBody {
  const ignored = new Set([...defects].flatMap((defect) => IGNORED[defect] ?? []));
  const format = asRecord(body['response_format'])['type'];
  if (defects.has('ignoresJsonMode') && format === 'json_object') ignored.add('response_format');
  if (defects.has('ignoresSchema') && format === 'json_schema') ignored.add('response_format');
  const kept =
    ignored.size === 0 ? body : Object.fromEntries(Object.entries(body).filter(([name]) => !ignored.has(name)));
  const seen = defects.has('ignoresImages') ? { ...kept, messages: withoutPictures(kept['messages']) } : kept;
  return defects.has('singleToolCall') ? { ...seen, parallel_tool_calls: false } : seen;
}

/** Whether a message has images. */
export function hasPictures(body: RequestBody): boolean {
  const messages = Array.isArray(body['messages']) ? body['messages'] : [];
  return messages.some((message) => partsOf(message).some(isPicture));
}

const IGNORED: Readonly<Partial<Record<Defect, readonly string[]>>> = {
  ignoresStream: ['stream', 'stream_options'],
  noStreamUsage: ['stream_options'],
  ignoresTools: ['tools', 'tool_choice'],
  ignoresDimensions: ['dimensions'],
  ignoresN: ['n'],
  ignoresSeed: ['seed'],
  ignoresStop: ['stop'],
  ignoresMaxTokens: ['max_tokens', 'max_completion_tokens', 'max_output_tokens'],
  noLogprobs: ['logprobs', 'top_logprobs'],
};

function withoutPictures(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  return messages.map((message) => {
    const parts = partsOf(message);
    return parts.length === 0 ? message : { ...asRecord(message), content: parts.filter((part) => !isPicture(part)) };
  });
}

function partsOf(message: unknown): readonly unknown[] {
  const { content } = asRecord(message);
  return Array.isArray(content) ? content : [];
}

function isPicture(part: unknown): boolean {
  return asRecord(part)['type'] === 'image_url';
}
