/** Whether the upstream can be reached, accepts the key and lists its models. */

import { fields } from '../../domain/json.ts';
import type { ProbeClient } from '../probe-client.ts';
import { fail, pass, refused, skip, unsupported, type Check, type Verdict } from '../check.ts';
import { listOf, type Refusal, type Reply, showMs, describeRefusal } from '../reply.ts';
import { ping } from './chat.ts';

/** Requests the list of models, which is free, or a short answer if there is no list. */
export const connection: Check = {
  name: 'connection',
  run: async (client) => {
    const list = await listModels(client);
    const { refusal, latencyMs } = (await pingInstead(list, client)) ?? list;
    if (refusal && refusal === list.refusal && !isAffordable(client)) return judgeFree(refusal, latencyMs, client);
    if (!refusal || refusal.kind === 'badRequest' || refusal.kind === 'modelNotFound') {
      return pass(`reached, and the key accepted, in ${showMs(latencyMs)}`);
    }
    return explain(refusal, client);
  },
};

export const models: Check = {
  name: 'models',
  needs: 'connection',
  run: async (client) => {
    const { refusal, body } = await listModels(client);
    if (refusal) return isListUnavailable(refusal) ? unsupported(describeRefusal(refusal)) : refused(refusal);
    const { data } = fields(body);
    if (!Array.isArray(data)) return fail('the answer has no list of models');
    const names = listOf(data).map((entry) => fields(entry).id);
    const { model } = client.context.input;
    const listed = model === undefined ? '' : `, ${model} ${names.includes(model) ? 'is' : 'is not'} among them`;
    return pass(`${names.length} models${listed}`);
  },
};

/** Sends a chat request if the list is missing or forbidden: a restricted key may be allowed to chat but not to list models. */
function pingInstead({ refusal }: Reply, client: ProbeClient): Promise<Reply> | undefined {
  if (!refusal || !isAffordable(client)) return undefined;
  const { periodic, model } = client.context.input;
  if (!hasNoList(refusal) && (!isForbidden(refusal) || model === undefined)) return undefined;
  return periodic ? client.chat(SHORTEST) : ping(client);
}

const SHORTEST = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 };

/** Whether a paid request may be sent. A check at an interval must know its price. */
function isAffordable(client: ProbeClient): boolean {
  const { budgetUsd, periodic } = client.context.input;
  if (budgetUsd === 0) return false;
  if (!periodic) return true;
  const estimateUsd = client.estimateUsd(SHORTEST);
  return estimateUsd !== undefined && estimateUsd <= budgetUsd;
}

/** What the refusal of the list says when nothing may be spent: an upstream without a list is reached, and its key is not checked. */
function judgeFree(refusal: Refusal, latencyMs: number, client: ProbeClient): Verdict {
  if (hasNoList(refusal)) return pass(`reached in ${showMs(latencyMs)}; it lists no models, so its key is not checked`);
  if (refusal.status === 403) return skip(`the key may not list models: ${describeRefusal(refusal)}`);
  return explain(refusal, client);
}

function listModels(client: ProbeClient): Promise<Reply> {
  return client.context.shared('models', () => client.get('/models'));
}

function hasNoList({ status, kind }: Refusal): boolean {
  return status === 405 || status === 501 || kind === 'modelNotFound' || kind === 'badRequest' || status === 200;
}

/** The connection check has passed, so an auth error here means that the key may not list models. */
function isListUnavailable(refusal: Refusal): boolean {
  return hasNoList(refusal) || isForbidden(refusal);
}

function isForbidden({ kind }: Refusal): boolean {
  return kind === 'auth' || kind === 'forbidden';
}

function explain(refusal: Refusal, client: ProbeClient): Verdict {
  const { status, kind } = refusal;
  const { input } = client.context;
  const { keySource, upstream } = input;
  const host = URL.parse(input.connection.client.baseURL)?.host ?? 'its address';
  // Without a model only the list was requested: the key may still be allowed to chat.
  const conclusive = input.model !== undefined;
  if (kind === 'auth') {
    return { ...fail(`${status ?? 401} from ${host}: it rejects the key from ${keySource}`), conclusive };
  }
  if (kind === 'forbidden') {
    return {
      ...fail(`${status ?? 403} from ${host}: it rejects the request, or the key from ${keySource}`),
      conclusive,
    };
  }
  if (kind === 'quota') return fail(`${status ?? 402} from ${host}: the account of ${keySource} is out of credit`);
  if (kind === 'connection') return fail(`${host} cannot be reached for ${upstream.name}`);
  return fail(describeRefusal(refusal));
}
