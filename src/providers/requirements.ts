/** What a call needs of an upstream beyond words in, words out. */

import type { Requirement, Surface } from '../domain/call.ts';
import { type Fields, isRecord } from '../domain/json.ts';

/** What a body needs; one and the same empty set for those that need nothing. Never throws. */
export function requirementsOf(body: unknown, surface: Surface): ReadonlySet<Requirement> {
  if (!isRecord(body)) return NOTHING;
  const needs = new Needs();
  switch (surface) {
    case 'chat':
      readChat(body, needs);
      break;
    case 'responses':
      readResponses(body, needs);
      break;
    case 'completions':
      needs.when(isCount(body['logprobs']), 'logprobs');
      needs.when(asksForSeveral(body['n']), 'multipleChoices');
      break;
    case 'embeddings':
    case 'moderations':
    case 'other':
      break;
    default:
      return surface satisfies never;
  }
  return needs.found ?? NOTHING;
}

const NOTHING: ReadonlySet<Requirement> = new Set();

/** A set that is only made when there is something to put into it. */
class Needs {
  found: Set<Requirement> | undefined = undefined;

  when(isNeeded: boolean, requirement: Requirement): void {
    if (isNeeded) (this.found ??= new Set()).add(requirement);
  }
}

function readChat(body: Fields, needs: Needs): void {
  needs.when(isFilledList(body['tools']) || isFilledList(body['functions']), 'tools');
  needs.when(typeOf(body['response_format']) === 'json_schema', 'jsonSchema');
  needs.when(body['logprobs'] === true, 'logprobs');
  needs.when(asksForSeveral(body['n']), 'multipleChoices');
  const { modalities } = body;
  needs.when(Array.isArray(modalities) && modalities.includes('audio'), 'audio');
  readMessages(body['messages'], needs);
}

function readResponses(body: Fields, needs: Needs): void {
  const { text, include } = body;
  needs.when(isFilledList(body['tools']), 'tools');
  needs.when(isRecord(text) && typeOf(text['format']) === 'json_schema', 'jsonSchema');
  const includesLogprobs = Array.isArray(include) && include.includes('message.output_text.logprobs');
  needs.when(includesLogprobs || isCount(body['top_logprobs']), 'logprobs');
  readMessages(body['input'], needs);
}

function readMessages(messages: unknown, needs: Needs): void {
  if (!Array.isArray(messages)) return;
  for (const message of messages) {
    if (!isRecord(message)) continue;
    readParts(message['content'], needs);
    // What a function answered on the Responses API.
    readParts(message['output'], needs);
  }
}

function readParts(parts: unknown, needs: Needs): void {
  if (!Array.isArray(parts)) return;
  for (const part of parts) {
    const type = typeOf(part);
    needs.when(type === 'image_url' || type === 'input_image', 'vision');
    needs.when(type === 'input_audio', 'audio');
    needs.when(type === 'file' || type === 'input_file', 'files');
  }
}

function typeOf(value: unknown): unknown {
  return isRecord(value) ? value['type'] : undefined;
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function asksForSeveral(n: unknown): boolean {
  return typeof n === 'number' && n > 1;
}

/** On completions `logprobs` is a number, and 0 asks for those of the chosen tokens. */
function isCount(value: unknown): boolean {
  return typeof value === 'number';
}
