/** The types of `CanaryClient`. This file is checked by `tsc` and never run. */

import { AzureOpenAI, OpenAI, type APIPromise } from 'openai';
import type { Stream } from 'openai/streaming';
import { expectTypeOf } from 'vitest';
import {
  CanaryClient,
  route,
  withCanary,
  type CanaryOptions,
  type CanaryProperty,
  type UpstreamSnapshot,
} from '../../src/index.ts';

// --- Names of upstreams are inferred, and checked wherever they are used.

const ai = new CanaryClient({
  canary: {
    upstreams: { deepseek: { provider: 'deepseek', model: 'deepseek-chat' }, gemini: { provider: 'gemini' } },
    weights: { openai: 90, deepseek: 5, gemini: 5 },
    stable: 'openai',
    segments: [{ when: { plan: ['pro', 'team'], beta: true }, upstream: 'gemini' }],
    fallbacks: { default: ['openai'], rateLimit: ['gemini', 'openai'] },
    prices: { deepseek: { inputPerMTok: 1, outputPerMTok: 2 }, openai: [{ inputPerMTok: 1, outputPerMTok: 2 }] },
    alerts: [{ name: 'errors', metric: 'errorRate', upstream: 'deepseek', above: 0.1, for: '1m', action: 'rollback' }],
  },
});

expectTypeOf(ai).toEqualTypeOf<OpenAI & CanaryProperty<'deepseek' | 'gemini' | 'openai'>>();
expectTypeOf(ai.canary.snapshot().upstreams.deepseek).toEqualTypeOf<UpstreamSnapshot>();
expectTypeOf(ai.canary.weights.openai).toEqualTypeOf<number>();
expectTypeOf(ai.canary.snapshot().ranges).toEqualTypeOf<
  readonly (readonly [number, 'deepseek' | 'gemini' | 'openai'])[]
>();
// A shadow must name an existing upstream.
void new CanaryClient({ canary: { upstreams: { gemini: {} }, shadow: { upstream: 'gemini', share: 0.1 } } });
// @ts-expect-error unknown upstream in shadow
void new CanaryClient({ canary: { upstreams: { gemini: {} }, shadow: { upstream: 'gemni', share: 0.1 } } });

// @ts-expect-error unknown upstream in a snapshot
void ai.canary.snapshot().upstreams.depseek;
// @ts-expect-error unknown upstream in weights
void ai.canary.weights.depseek;

const upstreams = { deepseek: { provider: 'deepseek' } } as const;
// @ts-expect-error misspelt in weights
void new CanaryClient({ canary: { upstreams, weights: { depseek: 1 } } });
// @ts-expect-error misspelt in stable
void new CanaryClient({ canary: { upstreams, stable: 'depseek' } });
// @ts-expect-error misspelt in segments
void new CanaryClient({ canary: { upstreams, segments: [{ when: {}, upstream: 'depseek' }] } });
// @ts-expect-error misspelt in a list of fallbacks
void new CanaryClient({ canary: { upstreams, fallbacks: ['depseek'] } });
// @ts-expect-error misspelt in the fallbacks of a failure kind
void new CanaryClient({ canary: { upstreams, fallbacks: { rateLimit: ['depseek'] } } });
const rule = { name: 'a', metric: 'calls', above: 1 } as const;
// @ts-expect-error misspelt in alerts
void new CanaryClient({ canary: { upstreams, alerts: [{ ...rule, upstream: 'depseek' }] } });
// @ts-expect-error misspelt in prices
void new CanaryClient({ canary: { upstreams, prices: { depseek: { inputPerMTok: 1, outputPerMTok: 1 } } } });

ai.canary.setWeights({ deepseek: 1 });
// @ts-expect-error misspelt in setWeights
ai.canary.setWeights({ depseek: 1 });
ai.canary.explain({ key: 'user-1', upstream: 'gemini', model: 'gpt-4.1' });
// @ts-expect-error misspelt in explain
ai.canary.explain({ upstream: 'gemni' });
ai.canary.run({ upstream: 'gemini' }, () => undefined);
// @ts-expect-error misspelt in run
ai.canary.run({ upstream: 'gemni' }, () => undefined);
expectTypeOf(ai.canary.run({}, async () => 5)).toEqualTypeOf<Promise<number>>();
expectTypeOf(ai.canary.explain().upstream).toEqualTypeOf<'deepseek' | 'gemini' | 'openai'>();

// --- The check of answers takes the type of answer that the application's calls return.

void new CanaryClient({ canary: { accept: 'nonEmpty' } });
void new CanaryClient({
  canary: { accept: ({ choices }: OpenAI.ChatCompletion) => choices.length > 0 || 'no choices' },
});
route({ accept: async (answer: OpenAI.Responses.Response, { upstream }) => answer.output_text !== '' || upstream });
// @ts-expect-error neither true nor a reason
void new CanaryClient({ canary: { accept: () => 5 } });
// @ts-expect-error no check of this name
route({ accept: 'full' });

// --- Invalid options do not compile.

// @ts-expect-error unknown option
void new CanaryClient({ canary: { upstreams, wieghts: {} } });
// @ts-expect-error unknown option of an upstream
void new CanaryClient({ canary: { upstreams: { deepseek: { provider: 'deepseek', weight: 5 } } } });
// @ts-expect-error unknown provider
void new CanaryClient({ canary: { upstreams: { deepseek: { provider: 'depseek' } } } });
// @ts-expect-error no duration
void new CanaryClient({ canary: { window: '60 sec' } });
// @ts-expect-error no duration
void new CanaryClient({ canary: { retry: { minDelay: '60 sec' } } });
// @ts-expect-error no duration
void new CanaryClient({ canary: { upstreams: { deepseek: { provider: 'deepseek', timeout: '60 sec' } } } });
// @ts-expect-error not a metric
void new CanaryClient({ canary: { alerts: [{ name: 'a', metric: 'latency', above: 1 }] } });
// @ts-expect-error not a failure kind
void new CanaryClient({ canary: { fallbacks: { tooSlow: [] } } });
// @ts-expect-error `false` disables the breaker; `true` is not an option
void new CanaryClient({ canary: { breaker: true } });
// @ts-expect-error a key function must be synchronous
void new CanaryClient({ canary: { key: async () => 'user-1' } });
// @ts-expect-error the SDK's own options are checked as before
void new CanaryClient({ apiKey: 5 });

void new CanaryClient({ canary: { key: ({ body, model, attributes }) => `${typeof body}${model}${attributes.plan}` } });

// --- All ways to create a client.

expectTypeOf(new CanaryClient()).toEqualTypeOf<OpenAI & CanaryProperty>();
expectTypeOf(new CanaryClient({ apiKey: 'key' })).toEqualTypeOf<OpenAI & CanaryProperty>();
expectTypeOf(new CanaryClient({ canary: {} })).toEqualTypeOf<OpenAI & CanaryProperty>();
expectTypeOf(new CanaryClient({ canary: { upstreams: {} } }).canary.weights).toEqualTypeOf<
  Readonly<Record<'openai', number>>
>();

const named = new CanaryClient({ canary: { name: 'primary', upstreams, weights: { primary: 1 }, stable: 'deepseek' } });
expectTypeOf(named.canary.weights).toEqualTypeOf<Readonly<Record<'deepseek' | 'primary', number>>>();
// @ts-expect-error the client has another name
void new CanaryClient({ canary: { name: 'primary', upstreams, weights: { openai: 1 } } });

declare const options: CanaryOptions;
expectTypeOf(new CanaryClient({ canary: options })).toEqualTypeOf<OpenAI & CanaryProperty>();
const typed: CanaryOptions<'deepseek', 'openai'> = { upstreams, weights: { deepseek: 1 } };
expectTypeOf(new CanaryClient({ canary: typed }).canary.weights.deepseek).toEqualTypeOf<number>();
declare const perhaps: CanaryOptions | undefined;
expectTypeOf(new CanaryClient({ canary: perhaps }).canary.weights).toEqualTypeOf<Readonly<Record<string, number>>>();
declare const dictionary: Record<string, { provider: 'deepseek' }>;
void new CanaryClient({ canary: { upstreams: dictionary, weights: { whatever: 1 } } });

// --- The class is a type, a base class and an `OpenAI` with its static members.

function serve(client: CanaryClient): OpenAI {
  return client;
}
serve(ai);
serve(named);
serve(new CanaryClient());
// @ts-expect-error an SDK client has no `canary`
serve(new OpenAI());

class App extends CanaryClient {
  readonly app: string = 'app';

  constructor() {
    super({ canary: { upstreams, weights: { deepseek: 1 } } });
  }

  // Subclasses can override the hooks of the SDK.
  protected override async prepareOptions(): Promise<void> {}
}
serve(new App());
expectTypeOf(new App().app).toEqualTypeOf<string>();
expectTypeOf(new App().canary.weights).toEqualTypeOf<Readonly<Record<string, number>>>();
expectTypeOf(new App().withOptions({ timeout: 5 })).toEqualTypeOf<App>();

class CheckedApp extends CanaryClient<'deepseek'> {
  constructor() {
    // @ts-expect-error misspelt, with declared names
    super({ canary: { upstreams, weights: { depseek: 1 } } });
  }
}
expectTypeOf(new CheckedApp().canary.weights).toEqualTypeOf<Readonly<Record<'deepseek' | 'openai', number>>>();

expectTypeOf(ai.withOptions({ timeout: 5 }).canary.weights.deepseek).toEqualTypeOf<number>();
expectTypeOf(CanaryClient.RateLimitError).toEqualTypeOf<typeof OpenAI.RateLimitError>();
expectTypeOf(CanaryClient.toFile).toEqualTypeOf<typeof OpenAI.toFile>();
const asBase: typeof OpenAI = CanaryClient;
void asBase;

// --- Another base class has its own options.

const CanaryAzure = withCanary(AzureOpenAI);
const azure = new CanaryAzure({
  endpoint: 'https://mine.openai.azure.com',
  apiVersion: '2025-01-01',
  deployment: 'gpt',
  canary: { upstreams, weights: { deepseek: 1 } },
});
expectTypeOf(azure).toEqualTypeOf<AzureOpenAI & CanaryProperty<'deepseek' | 'openai'>>();
expectTypeOf(azure.deploymentName).toEqualTypeOf<string | undefined>();
void new CanaryAzure();
// @ts-expect-error only Azure has endpoints
void new CanaryClient({ endpoint: 'https://mine.openai.azure.com' });
// @ts-expect-error not an option of Azure
void new CanaryAzure({ endpiont: 'https://mine.openai.azure.com' });
// @ts-expect-error misspelt, with another base class
void new CanaryAzure({ canary: { upstreams, weights: { depseek: 1 } } });
// @ts-expect-error not a subclass of `OpenAI`
withCanary(Date);

// --- Results have the types of the SDK.

const messages = [{ role: 'user' as const, content: 'Hi' }];
expectTypeOf(ai.chat.completions.create({ model: 'gpt-4.1', messages })).toEqualTypeOf<
  APIPromise<OpenAI.ChatCompletion>
>();
expectTypeOf(ai.chat.completions.create({ model: 'gpt-4.1', messages, stream: false })).toEqualTypeOf<
  APIPromise<OpenAI.ChatCompletion>
>();
expectTypeOf(ai.chat.completions.create({ model: 'gpt-4.1', messages, stream: true })).toEqualTypeOf<
  APIPromise<Stream<OpenAI.ChatCompletionChunk>>
>();
expectTypeOf(ai.embeddings.create({ model: 'm', input: 'x' })).toEqualTypeOf<
  APIPromise<OpenAI.CreateEmbeddingResponse>
>();
expectTypeOf(ai.responses.create({ model: 'gpt-4.1', input: 'x' })).resolves.toExtend<OpenAI.Responses.Response>();
expectTypeOf(ai.chat.completions.create({ model: 'gpt-4.1', messages }).withResponse()).resolves.toEqualTypeOf<{
  data: OpenAI.ChatCompletion;
  response: Response;
  request_id: string | null;
}>();
