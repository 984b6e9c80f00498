/** All that a model wrote, out of a whole body. */

import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import { otherOutput } from './stream/delta.ts';

/** Texts, refusals, reasoning and the arguments of tools, of every choice. Never throws. */
export function outputTextOf(surface: Surface, body: unknown): string {
  const { choices, output } = fields(body);
  const parts = surface === 'responses' ? listOf(output).map(itemText) : listOf(choices).map(choiceText);
  return parts.join('');
}

function choiceText(choice: unknown): string {
  const { text, message } = fields(choice);
  const { content } = fields(message);
  return textOf(text) + textOf(content) + otherOutput(message);
}

function itemText(item: unknown): string {
  const { content, arguments: words, summary } = fields(item);
  const parts = [...listOf(content), ...listOf(summary)].map(fields);
  return parts.map(({ text, refusal }) => textOf(text) + textOf(refusal)).join('') + textOf(words);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
