/** Estimates the input tokens of a request. */

import type { Surface } from '../domain/call.ts';
import { type Fields, isRecord } from '../domain/json.ts';
import { type CountTokens, estimateTokens } from './count-tokens.ts';

/**
 * Estimates the tokens of a request's body; the result is a fraction. Never throws: anything but a body of the surface counts 0.
 *
 * @param countRepeated counts texts that repeat from call to call: instructions, and the messages of `system` and `developer`
 */
export function estimateInput(
  surface: Surface,
  body: unknown,
  count: CountTokens = estimateTokens,
  countRepeated: CountTokens = count,
): number {
  if (!isRecord(body)) return 0;
  switch (surface) {
    case 'chat':
      return (
        messagesTokens(body['messages'], count, countRepeated) +
        toolsTokens(body['tools'], count) +
        toolsTokens(body['functions'], count) +
        formatTokens(body, count)
      );
    case 'responses':
      return (
        textTokens(body['instructions'], countRepeated) +
        messagesTokens(body['input'], count, countRepeated) +
        toolsTokens(body['tools'], count) +
        formatTokens(body, count)
      );
    case 'completions':
      return promptTokens(body['prompt'], count);
    case 'embeddings':
    case 'moderations':
      return promptTokens(body['input'], count);
    case 'other':
      return 0;
    default:
      return surface satisfies never;
  }
}

/** Applications have few system prompts. */
const MAX_TEXTS = 16;
/** Looking up a shorter text takes as long as counting it. */
const MIN_CHARACTERS = 64;
/** Longer texts are not remembered: this bounds the memory to 0.5 MB. */
const MAX_CHARACTERS = 16_384;

/** Wraps `count` so that it remembers the counts of the last new texts: system prompts repeat from call to call. */
export function rememberCounts(count: CountTokens): CountTokens {
  const counted = new Map<string, number>();
  return (text) => {
    if (text.length < MIN_CHARACTERS || text.length > MAX_CHARACTERS) return count(text);
    const known = counted.get(text);
    if (known !== undefined) return known;
    const tokens = count(text);
    if (counted.size >= MAX_TEXTS) for (const oldest of counted.keys()) if (counted.delete(oldest)) break;
    counted.set(text, tokens);
    return tokens;
  };
}

/**
 * Three tokens for the frame of a message and one for its role. Each reply is primed with three tokens
 * (https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken).
 */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_OF_PRIMING = 3;
/** Four tiles of 512 px plus the base; at low detail only the base (https://platform.openai.com/docs/guides/images-vision). */
const IMAGE_TOKENS = 765;
const LOW_DETAIL_IMAGE_TOKENS = 85;
/** Half a minute, at one token per 100 ms (https://platform.openai.com/docs/guides/realtime-costs). */
const AUDIO_TOKENS = 300;
/** An assumption: a short document. The text of a file is not known here. */
const FILE_TOKENS = 1_500;

function messagesTokens(messages: unknown, count: CountTokens, countRepeated: CountTokens): number {
  if (typeof messages === 'string') return count(messages) + TOKENS_PER_MESSAGE + TOKENS_OF_PRIMING;
  let tokens = TOKENS_OF_PRIMING;
  for (const message of listOf(messages)) {
    tokens += TOKENS_PER_MESSAGE + messageTokens(message, isRepeated(message) ? countRepeated : count);
  }
  return tokens;
}

/** System prompts repeat from call to call. */
function isRepeated(message: unknown): boolean {
  return isRecord(message) && (message['role'] === 'system' || message['role'] === 'developer');
}

/** A chat message, or an item of a Responses input: a message, a function call or its output. */
function messageTokens(message: unknown, count: CountTokens): number {
  if (!isRecord(message)) return textTokens(message, count);
  let tokens =
    textTokens(message['content'], count) +
    textTokens(message['output'], count) +
    textTokens(message['reasoning_content'], count);
  tokens += textTokens(message['name'], count) + textTokens(message['arguments'], count);
  return tokens + callsTokens(message['tool_calls'], count);
}

function callsTokens(calls: unknown, count: CountTokens): number {
  if (calls === undefined || calls === null) return 0;
  let tokens = 0;
  for (const call of listOf(calls)) {
    const called = isRecord(call) ? call['function'] : undefined;
    tokens +=
      TOKENS_PER_MESSAGE +
      (isRecord(called) ? textTokens(called['name'], count) + textTokens(called['arguments'], count) : 0);
  }
  return tokens;
}

/** A string, or a list of parts. */
function textTokens(content: unknown, count: CountTokens): number {
  if (content === undefined || content === null) return 0;
  if (typeof content === 'string') return count(content);
  let tokens = 0;
  for (const part of listOf(content)) tokens += isRecord(part) ? partTokens(part, count) : 0;
  return tokens;
}

function partTokens(part: Fields, count: CountTokens): number {
  switch (part['type']) {
    case 'image_url':
    case 'input_image':
      return isLowDetail(part) ? LOW_DETAIL_IMAGE_TOKENS : IMAGE_TOKENS;
    case 'input_audio':
      return AUDIO_TOKENS;
    case 'file':
    case 'input_file':
      return FILE_TOKENS;
    default:
      return textOf(part['text'], count) + textOf(part['refusal'], count);
  }
}

function isLowDetail({ detail, image_url: image }: Fields): boolean {
  return detail === 'low' || (isRecord(image) && image['detail'] === 'low');
}

/** The prompt of completions or the input of embeddings: one or many texts, or lists of token ids. */
function promptTokens(prompt: unknown, count: CountTokens): number {
  if (typeof prompt === 'string') return count(prompt);
  let tokens = 0;
  for (const entry of listOf(prompt)) {
    if (typeof entry === 'number') tokens += 1;
    else if (isRecord(entry)) tokens += partTokens(entry, count);
    else tokens += promptTokens(entry, count);
  }
  return tokens;
}

/** The model reads the schema of the answer format like the schema of a tool. */
function formatTokens({ response_format: chatFormat, text }: Fields, count: CountTokens): number {
  return schemaTokens(chatFormat, count) + schemaTokens(isRecord(text) ? text['format'] : undefined, count);
}

/** The tools or functions of a request, including the frame around them. */
function toolsTokens(list: unknown, count: CountTokens): number {
  if (!Array.isArray(list)) return 0;
  return list.length === 0 ? 0 : TOKENS_OF_TOOLS + list.length * TOKENS_PER_TOOL + schemaTokens(list, count);
}

/** The frame around tools, fitted to recorded answers of OpenAI. Other providers need up to 500 tokens. */
const TOKENS_OF_TOOLS = 18;
const TOKENS_PER_TOOL = 2;

/**
 * The tokens of a schema's names, descriptions and types. Providers pass schemas to the model in a shorter form than JSON (OpenAI
 * as TypeScript), so the keywords of JSON Schema do not count.
 */
function schemaTokens(schema: unknown, count: CountTokens): number {
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

/** A colon and a comma. */
const TOKENS_PER_NAME = 2;

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'type function name description parameters strict json_schema schema format properties required items ' +
    'additionalProperties enum anyOf oneOf allOf $ref $defs title default const $schema'
  ).split(' '),
);

function textOf(value: unknown, count: CountTokens): number {
  return typeof value === 'string' ? count(value) : 0;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
