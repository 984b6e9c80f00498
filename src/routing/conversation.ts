/**
 * Identifies a conversation by its opening, which is the same in all its turns. Openings that many conversations share identify none of them:
 * these are found out, and what differs is added.
 */

import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import { Murmur3 } from './murmur3.ts';

/**
 * The keys of conversations. A key is a hash of the system prompt and of the first user message.
 *
 * - Few-shot prompts begin with the same messages. After `SHARED` different messages at the same place, that message is part of the key; it is
 *   at the same place in all later turns.
 * - A first message that is sent again and again, such as a greeting or a scheduled job, is not one conversation: the call has no key, and the
 *   later turns are told apart by the first reply.
 *
 * Nothing is learned of a conversation but hashes.
 */
export class Conversations {
  // A Map iterates in insertion order, so its first entry is the least recently used one.
  readonly #openings = new Map<number, Opening>();
  readonly #maxOpenings: number;

  /** @param maxOpenings openings to remember, at least 1; 5,000 of them take about 1 MB */
  constructor(maxOpenings = 5_000) {
    this.#maxOpenings = maxOpenings;
  }

  /** The key of a call that is made now; `undefined` without user text, and for an opening that identifies no conversation. */
  keyOf(surface: Surface, body: unknown): string | undefined {
    const dialogue = readDialogue(surface, body);
    if (!dialogue) return undefined;
    const id = hashOpening(dialogue);
    const opening = this.#remember(id);
    if (dialogue.endsWithUser) learn(opening, dialogue);
    return keyIn(id, opening, dialogue);
  }

  /** The key that a call would have. Nothing is learned from it. */
  peek(surface: Surface, body: unknown): string | undefined {
    const dialogue = readDialogue(surface, body);
    if (!dialogue) return undefined;
    const id = hashOpening(dialogue);
    return keyIn(id, this.#openings.get(id), dialogue);
  }

  #remember(id: number): Opening {
    const opening = this.#openings.get(id) ?? { firstTurns: 0, lastTurns: undefined, differsAt: undefined };
    this.#openings.delete(id);
    this.#openings.set(id, opening);
    if (this.#openings.size > this.#maxOpenings) {
      const [oldest] = this.#openings.keys();
      if (oldest !== undefined) this.#openings.delete(oldest);
    }
    return opening;
  }
}

/** This many calls show that an opening belongs to more than one conversation. A person repeats a message less often. */
const SHARED = 4;
/** The number of places that are watched for differing messages. */
const MAX_PLACES = 8;

/** What is known of an opening. */
interface Opening {
  /** Calls with the opening alone. */
  firstTurns: number;
  /** Hashes of the last user messages, at most `SHARED`, by the number of user messages. */
  lastTurns: Map<number, Set<number>> | undefined;
  /** The number of the first user message that differs between conversations. */
  differsAt: number | undefined;
}

/** The messages of a call, as far as keys are made of them. */
interface Dialogue {
  readonly system: string;
  /** The contents of the user messages that have text. */
  readonly users: readonly unknown[];
  readonly firstReply: unknown;
  /** The last message is the user's: the call begins a turn. Calls that return results of tools do not. */
  readonly endsWithUser: boolean;
}

function learn(opening: Opening, { users }: Dialogue): void {
  const turns = users.length;
  if (turns === 1) {
    opening.firstTurns += 1;
    return;
  }
  if (opening.differsAt !== undefined && turns >= opening.differsAt) return;
  const places = (opening.lastTurns ??= new Map());
  let seen = places.get(turns);
  if (!seen) {
    if (places.size === MAX_PLACES) return;
    places.set(turns, (seen = new Set()));
  }
  seen.add(hashContent(users[turns - 1]));
  if (seen.size < SHARED) return;
  opening.differsAt = turns;
  for (const place of places.keys()) if (place >= turns) places.delete(place);
}

function keyIn(id: number, opening: Opening | undefined, { users, firstReply, endsWithUser }: Dialogue) {
  const own = id.toString(36);
  const { firstTurns = 0, differsAt } = opening ?? {};
  if (differsAt !== undefined && users.length >= differsAt) {
    return `${own}.${hashContent(users[differsAt - 1]).toString(36)}`;
  }
  if (firstTurns < SHARED) return own;
  return users.length === 1 && endsWithUser ? undefined : `${own}.${hashContent(firstReply).toString(36)}`;
}

function readDialogue(surface: Surface, body: unknown): Dialogue | undefined {
  const { messages, instructions, input } = fields(body);
  switch (surface) {
    case 'chat':
      return dialogueOf('', messages);
    case 'responses':
      return dialogueOf(textOf(instructions), input);
    case 'completions':
    case 'embeddings':
    case 'moderations':
    case 'other':
      return undefined;
    default:
      return surface satisfies never;
  }
}

/**
 * Only a prompt before the first user message counts as the system prompt: one that is added later would change the key within the
 * conversation.
 *
 * @param given a list of messages, or the text of the user
 */
function dialogueOf(instructions: string, given: unknown): Dialogue | undefined {
  let system = instructions;
  const users: unknown[] = [];
  let firstReply: unknown;
  let endsWithUser = false;
  for (const message of Array.isArray(given) ? given : [{ role: 'user', content: given }]) {
    const { role, content } = fields(message);
    endsWithUser = role === 'user';
    if (role === 'user') {
      // An image alone does not distinguish conversations: the next text of the user does.
      if (textOf(content) !== '') users.push(content);
    } else if (role === 'system' || role === 'developer') {
      if (system === '' && users.length === 0) system = textOf(content);
    } else if (firstReply === undefined && users.length > 0) {
      firstReply = message;
    }
  }
  return users.length === 0 ? undefined : { system, users, firstReply, endsWithUser };
}

/** Prompts often tell the time, which passes between two turns. */
const TIME_OF_DAY = /\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?/g;

function hashOpening({ system, users }: Dialogue): number {
  const hash = new Murmur3(0);
  addText(hash, system.replace(TIME_OF_DAY, ''));
  addText(hash.update('\0'), textOf(users[0]));
  return hash.digest();
}

function hashContent(content: unknown): number {
  const hash = new Murmur3(0);
  // A reply can consist of tool calls alone.
  addText(hash, textOf(content) || (JSON.stringify(content) ?? ''));
  return hash.digest();
}

/** Of a text beyond this length only the beginning, the end and the length count: it costs the call about 0.1 ms. */
const MAX_CHARACTERS = 65_536;

function addText(hash: Murmur3, text: string): void {
  if (text.length <= MAX_CHARACTERS) {
    hash.update(text);
    return;
  }
  const half = MAX_CHARACTERS / 2;
  hash.update(text.slice(0, half)).update(text.slice(-half)).update(String(text.length));
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  let text = '';
  for (const part of Array.isArray(content) ? content : []) {
    const { type, text: partText } = fields(part);
    if ((type === 'text' || type === 'input_text') && typeof partText === 'string') text += partText;
  }
  return text;
}
