/** Identifies a conversation by its opening, which is the same in all its turns. */

import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';

/**
 * The first 1,024 characters of the system prompt and of the first user message; `undefined` without user text.
 *
 * Only a prompt before that message counts as the system prompt: one that is added later would change the key within
 * the conversation. The result is the user's own text. It is only hashed and never leaves the process.
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

/** @param dialogue a list of messages, or the text of the user */
function opening(instructions: string, dialogue: unknown): string | undefined {
  let system = instructions;
  for (const message of Array.isArray(dialogue) ? dialogue : [{ role: 'user', content: dialogue }]) {
    const { role, content } = fields(message);
    if (role === 'user') {
      const user = openingText(content);
      // An image alone does not distinguish conversations: the next text of the user does.
      if (user !== '') return `${system}\0${user}`;
    } else if (system === '' && (role === 'system' || role === 'developer')) {
      system = openingText(content);
    }
  }
  return undefined;
}

/** Cut before joining, so that a long document in a prompt is not copied for its beginning. */
function openingText(content: unknown): string {
  if (typeof content === 'string') return content.slice(0, OPENING_CHARACTERS);
  let text = '';
  for (const part of Array.isArray(content) ? content : []) {
    const { type, text: partText } = fields(part);
    if ((type !== 'text' && type !== 'input_text') || typeof partText !== 'string') continue;
    text += partText.slice(0, OPENING_CHARACTERS - text.length);
    if (text.length === OPENING_CHARACTERS) break;
  }
  return text;
}
