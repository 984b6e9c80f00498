/** The account of a simulated provider: its models and stored responses. */

import { errorReply } from '../answers/errors.ts';
import type { ResponseObject } from '../answers/response-object.ts';

/** A JSON answer and its status. */
export interface AccountReply {
  readonly status: number;
  readonly body: unknown;
}

/** The stored responses of a provider. The oldest are dropped first. */
export class StoredResponses {
  readonly #byId = new Map<string, ResponseObject>();

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  add(response: ResponseObject): void {
    this.#byId.set(response.id, response);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > MAX_STORED && oldest !== undefined) this.#byId.delete(oldest);
  }

  /** GET and DELETE /responses/{id}, POST /responses/{id}/cancel. */
  reply(method: string, id: string, action: string | undefined): AccountReply | undefined {
    const response = this.#byId.get(id);
    if (response === undefined) return errorReply(404, { message: `Response with id '${id}' not found.`, code: null });
    if (method === 'GET' && action === undefined) return { status: 200, body: response };
    if (method === 'POST' && action === 'cancel') return { status: 200, body: { ...response, status: 'cancelled' } };
    if (method !== 'DELETE' || action !== undefined) return undefined;
    this.#byId.delete(id);
    return { status: 200, body: { id, object: 'response', deleted: true } };
  }
}

const MAX_STORED = 10_000;

/** GET /models. */
export function modelList(models: readonly string[]): AccountReply {
  return { status: 200, body: { object: 'list', data: models.map(modelObject) } };
}

/** An entry of the list, or GET /models/{model}. */
export function modelObject(id: string): object {
  return { id, object: 'model', created: 1_735_689_600, owned_by: 'openai-canary' };
}

/** The models that GET /models lists if every model is served. */
export const USUAL_MODELS = ['gpt-4.1', 'gpt-4.1-mini', 'text-embedding-3-small', 'omni-moderation-latest'];
