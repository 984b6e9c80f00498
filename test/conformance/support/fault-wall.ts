/** The wall: providers on the loopback interface with a fault per scene, selected by the requested model. */

import { OpenAI } from 'openai';
import type { Clock } from '../../../src/index.ts';
import { startProvider, type OrderedFault, type Provider } from '../../../src/testing/index.ts';
import { messages } from '../../testing/bare-client.ts';

/** `openai` is stable and has the faults; the others are healthy by default. */
export type WallUpstream = (typeof UPSTREAMS)[number];

/** Faults by upstream. */
export type Faults = Readonly<Partial<Record<WallUpstream, OrderedFault | readonly OrderedFault[]>>>;

export interface Wall extends AsyncDisposable {
  readonly providers: Readonly<Record<WallUpstream, Provider>>;
  /** The chunks of a healthy answer as the SDK alone gives them, in `wireForm`, with usage if `withUsage`. */
  chunksOf(upstream: WallUpstream, withUsage: boolean): readonly string[];
}

/** In the order of fallbacks. */
export const UPSTREAMS = ['openai', 'fallback', 'large'] as const;

/** A model without faults. */
export const HEALTHY_MODEL = 'healthy';

/** The tokens of a whole answer. */
export const TOKENS = 60;

/** The answer of an upstream. Each token shows its upstream and its position. */
export function wordsOf(upstream: WallUpstream, tokens = TOKENS): string {
  return Array.from({ length: tokens }, (_, token) => INITIALS[upstream] + String(token).padStart(2, '0') + ' ').join(
    '',
  );
}

/** Not ASCII, so that a lost byte is noticed. */
const INITIALS: Readonly<Record<WallUpstream, string>> = { openai: 'ö', fallback: 'ƒ', large: 'λ' };

/** A chunk as JSON, without the parts that differ between answers. */
export function wireForm(chunk: OpenAI.ChatCompletionChunk): string {
  return JSON.stringify({ ...chunk, id: '', created: 0, model: '' });
}

/** Starts the providers. The faults of a scene apply to its model. */
export async function startWall(
  scenes: readonly { readonly model: string; readonly staging: { readonly faults: Faults } }[],
  clock: Clock,
): Promise<Wall> {
  const start = (upstream: WallUpstream): Promise<Provider> => {
    const faults = scenes.map(({ model, staging }) => [model, staging.faults[upstream] ?? []] as const);
    return startProvider({ clock, answer: wordsOf(upstream), faults: Object.fromEntries(faults) });
  };
  const providers = { openai: await start('openai'), fallback: await start('fallback'), large: await start('large') };
  const chunks = new Map<string, readonly string[]>();
  for (const upstream of UPSTREAMS) {
    chunks.set(`${upstream} false`, await healthyChunks(providers[upstream], {}));
    chunks.set(`${upstream} true`, await healthyChunks(providers[upstream], { include_usage: true }));
    providers[upstream].clear();
  }
  return {
    providers,
    chunksOf: (upstream, withUsage) => chunks.get(`${upstream} ${withUsage}`) ?? [],
    [Symbol.asyncDispose]: async () => {
      await Promise.all(UPSTREAMS.map((upstream) => providers[upstream].close()));
    },
  };
}

async function healthyChunks(
  { url }: Provider,
  options: OpenAI.ChatCompletionStreamOptions,
): Promise<readonly string[]> {
  const ai = new OpenAI({ baseURL: url, apiKey: 'test-key', maxRetries: 0 });
  const body = { model: HEALTHY_MODEL, messages, stream: true as const, stream_options: options };
  return Array.fromAsync(await ai.chat.completions.create(body), wireForm);
}
