/** Remembers which upstream made the items that only their maker can read, as they arrive in its answers. */

import { fields } from '../domain/json.ts';
import { sealedChunk, sealedOutput } from '../providers/sealed-items.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { CallState } from './call-state.ts';

/** The reader of an answer by `upstream`: remembers its items where another upstream could get them, and lets `next` read as well. */
export function readerOfItems(
  { call, services, source }: CallState,
  upstream: string,
  next: AnswerReader | undefined,
): AnswerReader | undefined {
  const isAlone = services.upstreams.size < 2;
  if (isAlone || !mayBeSealed(call.surface, call.ownedId, call.requirements.has('tools'), source.options.body))
    return next;
  return new ItemReader((item) => services.remember(item, upstream), next);
}

/** Chat answers have signatures only beside tool calls or where reasoning is requested. */
function mayBeSealed(surface: string, ownedId: string | undefined, hasTools: boolean, body: unknown): boolean {
  if (surface === 'responses') return true;
  if (surface !== 'chat') return ownedId !== undefined;
  const { reasoning, reasoning_effort: effort, thinking } = fields(body);
  return hasTools || (reasoning ?? effort ?? thinking ?? null) !== null;
}

class ItemReader implements AnswerReader {
  readonly #remember: (item: string) => void;
  readonly #next: AnswerReader | undefined;

  constructor(remember: (item: string) => void, next: AnswerReader | undefined) {
    this.#remember = remember;
    this.#next = next;
  }

  chunk(chunk: unknown): void {
    sealedChunk(chunk)?.forEach(this.#remember);
    this.#next?.chunk(chunk);
  }

  body(body: unknown): void {
    sealedOutput(body).forEach(this.#remember);
    this.#next?.body(body);
  }
}
