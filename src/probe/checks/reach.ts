/** Whether the upstream can be reached, takes the key, and lists its models. */

import { fields } from '../../domain/json.ts';
import type { Asker } from '../ask.ts';
import { fail, pass, refused, unsupported, type Check, type Verdict } from '../check.ts';
import { listOf, type Refusal, type Reply, showMs, toldAs } from '../reply.ts';
import { ping } from './chat.ts';

/** The list of models costs nothing; where there is none, a short answer tells as well. */
export const connection: Check = {
  name: 'connection',
  run: async (ask) => {
    const list = await listModels(ask);
    const { refusal, latencyMs } = (await again(list, ask)) ?? list;
    if (!refusal || refusal.kind === 'badRequest' || refusal.kind === 'modelNotFound') {
      return pass(`reached, and the key taken, in ${showMs(latencyMs)}`);
    }
    return explain(refusal, ask);
  },
};

export const models: Check = {
  name: 'models',
  needs: 'connection',
  run: async (ask) => {
    const { refusal, body } = await listModels(ask);
    if (refusal) return isKept(refusal) ? unsupported(toldAs(refusal)) : refused(refusal);
    const { data } = fields(body);
    if (!Array.isArray(data)) return fail('the answer holds no list');
    const names = listOf(data).map((entry) => fields(entry).id);
    const { model } = ask.probing.input;
    const among = model === undefined ? '' : `, ${model} ${names.includes(model) ? 'among' : 'not among'} them`;
    return pass(`${names.length} models${among}`);
  },
};

/** A restricted key may answer chats, and list no models. */
function again({ refusal }: Reply, ask: Asker): Promise<Reply> | undefined {
  if (!refusal) return undefined;
  if (hasNoList(refusal)) return ping(ask);
  return refusal.kind === 'auth' && ask.probing.input.model !== undefined ? ping(ask) : undefined;
}

function listModels(ask: Asker): Promise<Reply> {
  return ask.probing.shared('models', () => ask.get('/models'));
}

function hasNoList({ status, kind }: Refusal): boolean {
  return status === 405 || status === 501 || kind === 'modelNotFound' || kind === 'badRequest' || status === 200;
}

/** Who may use the key for other things is not let in here. */
function isKept(refusal: Refusal): boolean {
  return hasNoList(refusal) || refusal.kind === 'auth';
}

function explain(refusal: Refusal, ask: Asker): Verdict {
  const { status, kind } = refusal;
  const { keySource, upstream, line } = ask.probing.input;
  const host = URL.parse(line.client.baseURL)?.host ?? 'its address';
  if (kind === 'auth') {
    return fail(`${status ?? 401} from ${host}: it does not take the key from ${keySource}`);
  }
  if (kind === 'quota') return fail(`${status ?? 402} from ${host}: the account of ${keySource} is out of credit`);
  if (kind === 'connection') return fail(`${host} cannot be reached for ${upstream.name}`);
  return fail(toldAs(refusal));
}
