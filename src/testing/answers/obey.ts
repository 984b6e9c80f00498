/** What an able model says where a test leaves that to it: it does as it is asked. */

import { seededRandom } from '../seeded-random.ts';
import type { Answer, ToolCallAnswer } from './answer.ts';
import { asRecord, type RequestBody } from './request-body.ts';
import { stripesOf } from './see-picture.ts';

/**
 * Functions that must be called are called, asked-for JSON keeps to its schema, and of the prompt it understands "count from 1 to
 * 9", "three random numbers", "the single word: pong" and the stripes of a picture. `undefined` where it has nothing to say.
 */
export function obey(body: RequestBody, id: string): Answer | undefined {
  if (body['tools'] !== undefined) {
    const toolCalls = forcedCalls(body);
    if (toolCalls.length > 0) return { toolCalls };
  }
  const format = asRecord(body['response_format'] ?? asRecord(body['text'])['format']);
  if (format['type'] === 'json_schema') {
    const { schema } = asRecord(format['json_schema'] ?? format);
    return { text: JSON.stringify(fillSchema(schema, promptOf(body))) };
  }
  if (format['type'] === 'json_object') return { text: JSON.stringify({ answer: 'Hello.' }) };
  const text = reply(body, id);
  return text === undefined ? undefined : { text };
}

function reply(body: RequestBody, id: string): string | undefined {
  const prompt = promptOf(body);
  const [, from, to] = /count from (\d+) to (\d+)/i.exec(prompt) ?? [];
  if (from !== undefined && to !== undefined) {
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index).join(' ');
  }
  if (/random numbers/i.test(prompt)) {
    const { seed } = body;
    const random = seededRandom(typeof seed === 'number' ? seed : hashOf(id));
    return Array.from({ length: 3 }, () => 1 + Math.floor(random() * 1e6)).join(', ');
  }
  const [, word] = /the single word: (\w+)/i.exec(prompt) ?? [];
  if (word !== undefined) return word;
  return /stripes/i.test(prompt) ? picturesOf(body).map(stripesOf).join('; ') || 'Green, white, black.' : undefined;
}

function forcedCalls(body: RequestBody): ToolCallAnswer[] {
  const choice = body['tool_choice'];
  const named = asRecord(asRecord(choice)['function'] ?? choice)['name'];
  if (choice !== 'required' && named === undefined) return [];
  const tools = (Array.isArray(body['tools']) ? body['tools'] : []).map((tool) => {
    const entry = asRecord(tool);
    return asRecord(entry['function'] ?? entry);
  });
  const tool = tools.find(({ name }) => named === undefined || name === named);
  if (typeof tool?.['name'] !== 'string') return [];
  const { name, parameters } = tool;
  const prompt = promptOf(body);
  const subjects = choice === 'required' && body['parallel_tool_calls'] !== false ? subjectsOf(parameters, prompt) : [];
  const about = subjects.length > 0 ? subjects : [prompt];
  return about.map((words) => ({ name, arguments: asRecord(fillSchema(parameters, words)) }));
}

/** The values of the first enum that the prompt names: each is worth a call of its own. */
function subjectsOf(parameters: unknown, prompt: string): string[] {
  const properties = Object.values(asRecord(asRecord(parameters)['properties'])).map(asRecord);
  const values = properties.map((property) => property['enum']).find((listed) => Array.isArray(listed)) ?? [];
  return values.filter((value): value is string => typeof value === 'string' && prompt.includes(value));
}

function promptOf(body: RequestBody): string {
  const { input } = body;
  if (typeof input === 'string') return input;
  const messages: readonly unknown[] = Array.isArray(body['messages']) ? body['messages'] : [];
  return partsOf(messages.at(-1))
    .map((part) => asRecord(part)['text'])
    .filter((text) => typeof text === 'string')
    .join(' ');
}

function picturesOf(body: RequestBody): string[] {
  const messages: readonly unknown[] = Array.isArray(body['messages']) ? body['messages'] : [];
  return messages
    .flatMap(partsOf)
    .map((part) => asRecord(asRecord(part)['image_url'])['url'])
    .filter((url) => typeof url === 'string');
}

function partsOf(message: unknown): readonly unknown[] {
  const { content } = asRecord(message);
  if (typeof content === 'string') return [{ text: content }];
  return Array.isArray(content) ? content : [];
}

function hashOf(text: string): number {
  return Array.from(text).reduce((hash, character) => (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0, 7);
}

/* PART: Makes up a value that a JSON schema describes. */

/** Of an enum the first value that the prompt names, else the first; everything that is no schema gives `null`. */
function fillSchema(schema: unknown, prompt: string): unknown {
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
