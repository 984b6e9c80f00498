/** Tells one conversation from another by how it opens, which is the same in all its turns. */

import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';

/**
 * The first 1,024 characters of the system prompt and of the first user message, or `undefined` without words of a user.
 * Only what stands before that message is a system prompt: one that joins later would change the key within the
 * conversation. For hashing; it is the user's own words and never leaves the process.
 */
export function conversationKey(surface: Surface, body: unknown): string | undefined {
  const { messages, instructions, input } = fields(body);
  switch (surface) {
    case 'chat':
      return opening('', messages);
    case 'responses':
      return opening(openingText(instructions), input);
    case 'completions':
    case 'embeddings':
    case 'moderations':
    case 'other':
      return undefined;
    default:
      return surface satisfies never;
  }
}

const OPENING_CHARACTERS = 1024;

/** @param dialogue a list of messages, or the user's words alone */
function opening(instructions: string, dialogue: unknown): string | undefined {
  let system = instructions;
  for (const message of Array.isArray(dialogue) ? dialogue : [{ role: 'user', content: dialogue }]) {
    const { role, content } = fields(message);
    if (role === 'user') {
      const user = openingText(content);
      // A picture alone does not tell conversations apart: the next words of the user do.
      if (user !== '') return `${system}\0${user}`;
    } else if (system === '' && (role === 'system' || role === 'developer')) {
      system = openingText(content);
    }
  }
  return undefined;
}

/** Cut before it is joined: a document in a prompt is not copied for the sake of its beginning. */
function openingText(content: unknown): string {
  if (typeof content === 'string') return content.slice(0, OPENING_CHARACTERS);
  let text = '';
  for (const part of Array.isArray(content) ? content : []) {
    const { type, text: words } = fields(part);
    if ((type !== 'text' && type !== 'input_text') || typeof words !== 'string') continue;
    text += words.slice(0, OPENING_CHARACTERS - text.length);
    if (text.length === OPENING_CHARACTERS) break;
  }
  return text;
}
