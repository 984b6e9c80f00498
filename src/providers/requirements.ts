/** Finds what a call needs from an upstream beyond text in and text out. */

import type { Requirement, Surface } from '../domain/call.ts';
import { type Fields, isRecord } from '../domain/json.ts';

/** What a body needs; always the same empty set for bodies that need nothing. Never throws. */
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
      needs.addIf(isCount(body['logprobs']), 'logprobs');
      needs.addIf(isSeveral(body['n']), 'multipleChoices');
      break;
    case 'embeddings':
    case 'moderations':
    case 'other':
      break;
    default:
      return surface satisfies never;
  }
  return needs.requirements ?? NOTHING;
}

const NOTHING: ReadonlySet<Requirement> = new Set();

/** Creates its set with the first requirement. */
class Needs {
  requirements: Set<Requirement> | undefined = undefined;

  addIf(isNeeded: boolean, requirement: Requirement): void {
    if (isNeeded) (this.requirements ??= new Set()).add(requirement);
  }
}

function readChat(body: Fields, needs: Needs): void {
  needs.addIf(isNonEmptyList(body['tools']) || isNonEmptyList(body['functions']), 'tools');
  needs.addIf(typeOf(body['response_format']) === 'json_schema', 'jsonSchema');
  needs.addIf(body['logprobs'] === true, 'logprobs');
  needs.addIf(isSeveral(body['n']), 'multipleChoices');
  const { modalities } = body;
  needs.addIf(Array.isArray(modalities) && modalities.includes('audio'), 'audio');
  readMessages(body['messages'], needs);
}

function readResponses(body: Fields, needs: Needs): void {
  const { text, include } = body;
  needs.addIf(isNonEmptyList(body['tools']), 'tools');
  needs.addIf(isRecord(text) && typeOf(text['format']) === 'json_schema', 'jsonSchema');
  const includesLogprobs = Array.isArray(include) && include.includes('message.output_text.logprobs');
  needs.addIf(includesLogprobs || isCount(body['top_logprobs']), 'logprobs');
  readMessages(body['input'], needs);
}

function readMessages(messages: unknown, needs: Needs): void {
  if (!Array.isArray(messages)) return;
  for (const message of messages) {
    if (!isRecord(message)) continue;
    readParts(message['content'], needs);
    // The result of a function, on the Responses API.
    readParts(message['output'], needs);
  }
}

function readParts(parts: unknown, needs: Needs): void {
  if (!Array.isArray(parts)) return;
  for (const part of parts) {
    const type = typeOf(part);
    needs.addIf(type === 'image_url' || type === 'input_image', 'vision');
    needs.addIf(type === 'input_audio', 'audio');
    needs.addIf(type === 'file' || type === 'input_file', 'files');
  }
}

function typeOf(value: unknown): unknown {
  return isRecord(value) ? value['type'] : undefined;
}

function isNonEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function isSeveral(n: unknown): boolean {
  return typeof n === 'number' && n > 1;
}

/** On completions `logprobs` is a number; 0 requests those of the chosen tokens. */
function isCount(value: unknown): boolean {
  return typeof value === 'number';
}
