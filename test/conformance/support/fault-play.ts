/** Plays a scene: one call with a fault, then one for a model without faults on the same client. */

import type { OpenAI } from 'openai';
import { CanaryClient, presets, route } from '../../../src/index.ts';
import { collectEvents } from '../../../src/testing/index.ts';
import { messages } from '../../testing/bare-client.ts';
import type { Seen, SeenAnswer, SeenNext, Setting, Stage, Staging } from './fault-scene.ts';
import { HEALTHY_MODEL, UPSTREAMS, type Wall, type WallUpstream } from './fault-wall.ts';

/** USD per million tokens. */
export const PRICES = {
  openai: { inputPerMTok: 2, outputPerMTok: 8 },
  fallback: { inputPerMTok: 1, outputPerMTok: 4 },
  large: { inputPerMTok: 4, outputPerMTok: 16 },
} as const;

export const LARGE_MODEL = 'larger-model';

/** The model and the setting of a scene. */
export interface Part {
  readonly model: string;
  readonly setting: Setting;
}

/** @param isRepeated whether a further call for the same model follows at once */
export async function playCall(
  { model, setting }: Part,
  staging: Staging,
  stage: Stage,
  isRepeated: boolean,
): Promise<Seen> {
  const { clock, wall } = stage;
  await using ai = clientFor(setting, staging, stage);
  using events = collectEvents(ai, ['attempt', 'call']);
  const startedAtMs = clock.now();
  const answer = await ask(ai, { model, ...staging.body }, stage, staging.alone ? route({ fallbacks: false }) : {});
  const [attempts, calls, costs] = [events.of('attempt'), events.of('call'), ai.canary.costs()];
  const next = await askNext(ai, { model: HEALTHY_MODEL, user: model }, stage);
  const again = isRepeated ? await askNext(ai, { model, user: `${model} again` }, stage) : undefined;
  await waitUntil(startedAtMs + (staging.watchedMs ?? 0), stage);
  const models = [model, LARGE_MODEL, ...(staging.fallbackModel === undefined ? [] : [staging.fallbackModel])];
  const requests = models.flatMap((asked) => requestsOf(model, asked, wall));
  const sinceStart = requests.map(({ upstream, atMs }) => ({ upstream, atMs: atMs - startedAtMs }));
  return {
    requests: sinceStart.toSorted((a, b) => a.atMs - b.atMs),
    answer,
    attempts,
    calls,
    costs,
    next,
    again,
  };
}

async function askNext(
  ai: CanaryClient,
  { model, user }: { readonly model: string; readonly user: string },
  stage: Stage,
): Promise<SeenNext> {
  const answer = await ask(ai, { model, user }, stage);
  return { upstreams: requestsOf(user, model, stage.wall).map(({ upstream }) => upstream), answer };
}

/** Creates a client per scene, so that scenes share no breakers and pauses. */
export function clientFor(setting: Setting, staging: Staging, { wall, clock, random }: Stage): CanaryClient {
  const { openai, fallback, large } = wall.providers;
  const model = staging.fallbackModel;
  return new CanaryClient<'fallback' | 'large'>({
    baseURL: openai.url,
    apiKey: 'key-of-openai',
    logLevel: 'off',
    canary: {
      ...(setting === 'failover' && presets.failover),
      clock,
      random,
      upstreams: {
        fallback: { baseURL: fallback.url, apiKey: 'key-of-fallback', model },
        large: { baseURL: large.url, apiKey: 'key-of-large', model: LARGE_MODEL },
      },
      fallbacks: staging.fallbacks ?? ['fallback'],
      prices: PRICES,
    },
  });
}

/** Makes one call and reads its answer to the end. */
export async function ask(
  ai: CanaryClient,
  body: Partial<OpenAI.ChatCompletionCreateParamsStreaming> & { readonly model: string },
  { clock }: Stage,
  options: OpenAI.RequestOptions = {},
): Promise<SeenAnswer> {
  const startedAtMs = clock.now();
  const sinceMs = (): number => clock.now() - startedAtMs;
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  let firstMs: number | undefined;
  const request = { messages, user: body.model, ...body, stream: true as const };
  try {
    for await (const chunk of await ai.chat.completions.create(request, options)) {
      firstMs ??= sinceMs();
      chunks.push(chunk);
    }
    return { chunks, error: undefined, firstMs, tookMs: sinceMs() };
  } catch (error) {
    return { chunks, error, firstMs, tookMs: sinceMs() };
  }
}

/** The requests of a scene, which is their `user`, for the model `asked`. */
export function requestsOf(
  scene: string,
  asked: string,
  { providers }: Wall,
): { upstream: WallUpstream; atMs: number }[] {
  return UPSTREAMS.flatMap((upstream) =>
    providers[upstream].requests
      .filter(({ body, model }) => body.user === scene && model === asked)
      .map(({ atMs }) => ({ upstream, atMs })),
  );
}

/** Waits on the stage's clock until `atMs`. Resolves at once if that time has passed. */
export function waitUntil(atMs: number, { clock }: Stage): Promise<void> {
  const delayMs = atMs - clock.now();
  if (delayMs <= 0) return Promise.resolve();
  return new Promise((resolve) => void clock.setTimeout(resolve, delayMs, { keepAlive: true }));
}
