/** Answers simple requests as a capable model does, for tests that set no answer of their own. */

import { seededRandom } from '../seeded-random.ts';
import type { Answer, ToolCallAnswer } from './answer.ts';
import { asRecord, type RequestBody } from './request-body.ts';
import { stripesOf } from './see-picture.ts';

/**
 * Calls the functions that the request forces, and returns JSON that fits the requested schema. Understands these prompts: "count
 * from 1 to 9", "three random numbers", "the single word: pong" and the stripes of a picture. `undefined` for all others.
 */
export function followPrompt(body: RequestBody, id: string): Answer | undefined {
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

/** The values of the first enum that occur in the prompt. Each gets a function call of its own. */
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

/**
 * Makes up a value that fits a JSON schema. For an enum: the first value that occurs in the prompt, or the first of all. `null` if
 * `schema` is not a schema.
 */
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
