/** A client, or several that share a store, with a stable upstream and a canary that a run can break. */

import type { OpenAI } from 'openai';
import {
  CanaryClient,
  memoryStore,
  type CanaryOptions,
  type RolloutOptions,
  route,
  type Store,
} from '../../../src/index.ts';
import { ManualClock } from '../../../src/testing/index.ts';
import { lognormal, seededRandom } from '../../../src/testing/seeded-random.ts';
import type { Reply } from '../../support/replies.ts';
import { chatStream } from '../../support/stream-replies.ts';

/** The stable upstream, the canary, and one that takes no part in the rollout. */
type Upstream = 'openai' | 'gemini' | 'spare';

interface WorldOptions {
  readonly rollout: Omit<RolloutOptions, 'to'>;
  readonly canary?: CanaryOptions;
  /** The SDK's own options. */
  readonly client?: Readonly<Record<string, unknown>>;
  /** @default 1 */
  readonly processes?: number;
  readonly seed: number;
  /** The share of requests that stable and a healthy canary fail, 0–1. @default 0.005 */
  readonly errorRate?: number;
  /** Median latency of a healthy upstream, in ms. @default 300 */
  readonly latencyMs?: number;
}

/** How one call is made. */
interface CallShape {
  readonly key: string;
  readonly content?: string;
  readonly stream?: boolean;
  readonly task?: string;
}

const PRICE = { inputPerMTok: 2, outputPerMTok: 8 } as const;
const SIGMA = 0.4;

export class World {
  readonly clock = new ManualClock();
  readonly random: () => number;
  readonly clients: readonly CanaryClient[];
  /** What an upstream answers; changed by the run. */
  readonly replies = new Map<string, Reply>();
  /** Requests that reached each upstream. */
  readonly requests: Record<Upstream, number> = { openai: 0, gemini: 0, spare: 0 };
  /** Calls that rejected, and those that stable failed by its own chance. */
  readonly lost = { calls: 0, byStable: 0 };
  readonly rollbacks: { readonly atMs: number; readonly by: string; readonly reason: string }[] = [];
  /** Times of steps and promotions. */
  readonly advances: number[] = [];
  readonly pauses: string[] = [];
  readonly #errorRate: number;
  readonly #latencyMs: number;
  #next = 0;

  constructor({ rollout, canary, client, processes = 1, seed, errorRate = 0.005, latencyMs = 300 }: WorldOptions) {
    this.random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
    this.#errorRate = errorRate;
    this.#latencyMs = latencyMs;
    const now = (): number => this.clock.now();
    const store: Store | undefined = processes > 1 ? { ...memoryStore({ now }), persistent: true } : undefined;
    this.clients = Array.from({ length: processes }, () =>
      this.#create(rollout, { ...canary, ...(store && { store }) }, client),
    );
  }

  #create(rollout: WorldOptions['rollout'], canary: CanaryOptions, client: WorldOptions['client']): CanaryClient {
    const own = (name: string) => ({ baseURL: `https://${name}.test/v1`, apiKey: `key-of-${name}` });
    const { upstreams = {}, ...rest } = canary;
    const ai: CanaryClient = new CanaryClient<string, string>({
      apiKey: 'key-of-openai',
      baseURL: 'https://openai.test/v1',
      fetch: this.#fetch,
      ...client,
      canary: {
        clock: this.clock,
        random: this.random,
        logger: { warn: () => undefined },
        prices: { openai: PRICE, gemini: PRICE, spare: PRICE },
        rollout: { to: 'gemini', ...rollout },
        ...rest,
        upstreams: {
          gemini: { ...own('gemini'), ...upstreams.gemini },
          spare: { ...own('spare'), ...upstreams.spare },
        },
      },
    });
    ai.canary.on('rollback', (event) => this.rollbacks.push({ ...event, by: 'by' in event ? event.by : 'rule' }));
    ai.canary.on('step', ({ atMs }) => this.advances.push(atMs));
    ai.canary.on('promote', ({ atMs }) => this.advances.push(atMs));
    ai.canary.on('pause', ({ reason }) => this.pauses.push(reason));
    return ai;
  }

  /** The client that makes the next call. */
  get #ai(): CanaryClient {
    return this.clients[this.#next++ % this.clients.length]!;
  }

  get rollout() {
    return this.clients[0]!.canary.rollout;
  }

  /** Whether the split assigns calls of this key to the canary. */
  isAssigned(key: string): boolean {
    return this.clients[this.#next % this.clients.length]!.canary.explain({ key }).assigned === 'gemini';
  }

  /** Makes a call, and does not wait for its end. */
  call({ key, content = key, stream = false, task }: CallShape, score?: (upstream: Upstream) => number): void {
    const ai = this.#ai;
    const body = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content }] };
    const options = route({ key, ...(task !== undefined && { task }) });
    const ended = stream
      ? ai.chat.completions.create({ ...body, stream: true }, options).then(readThrough)
      : this.#scored(ai, ai.chat.completions.create(body, options), score);
    ended.catch(() => (this.lost.calls += 1));
  }

  /** Records the score of an answer; `system_fingerprint` names the upstream that gave it. */
  async #scored(ai: CanaryClient, call: Promise<OpenAI.ChatCompletion>, score?: (upstream: Upstream) => number) {
    const { system_fingerprint: upstream } = await call;
    if (score) ai.canary.record(call, { quality: score(upstream as Upstream) });
  }

  /** A usual answer of an upstream: after a lognormal time, and a failure now and then. */
  healthy(upstream: Upstream, { slower = 1, dearer = 1 } = {}): Reply {
    const tokens = { input: 10 * dearer, output: 5 * dearer };
    const failure = (): Response => new Response('{"error":{"message":"Failed."}}', FAILED);
    return async (request) => {
      await request.wait(Math.ceil(lognormal(this.#latencyMs, SIGMA, this.random) * slower));
      if (this.random() < this.#errorRate) {
        if (upstream === 'openai') this.lost.byStable += 1;
        return failure();
      }
      const isStream = request.body.stream === true;
      return isStream ? chatStream(['Hello', ' there.'])(request) : answerOf(upstream, request.body.model, tokens);
    };
  }

  readonly #fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = input instanceof Request ? input.url : input.toString();
    const upstream = url.slice('https://'.length).split('.', 1)[0] as Upstream;
    this.requests[upstream] += 1;
    const body = JSON.parse(init.body as string) as Record<string, unknown>;
    const signal = init.signal ?? undefined;
    const reply = this.replies.get(upstream) ?? this.healthy(upstream);
    return reply({ body, signal, wait: (ms) => this.#wait(ms, signal) });
  };

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = Number.isFinite(ms) ? this.clock.setTimeout(resolve, ms) : undefined;
      const abort = (): void => {
        timer?.cancel();
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Ends all clients, and the calls in flight. */
  async close(): Promise<void> {
    const closed = Promise.all(this.clients.map((ai) => ai.canary.close()));
    await this.clock.advance(1.2 * TIMEOUT_MS);
    await closed;
  }
}

/** The time-out of the SDK, which here passes on the manual clock. */
const TIMEOUT_MS = 600_000;

/** A provider that accepts the request and never answers: the SDK gives up after ten minutes. */
export const hanging: Reply = async ({ wait }) => {
  await wait(TIMEOUT_MS);
  throw new DOMException('This operation was aborted', 'AbortError');
};

async function readThrough(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _chunk of chunks);
}

const FAILED = { status: 500, headers: { 'content-type': 'application/json' } } as const;
const JSON_TYPE = { headers: { 'content-type': 'application/json' } } as const;

/** A chat completion whose fingerprint names the upstream. */
function answerOf(upstream: Upstream, model: unknown, { input, output }: { input: number; output: number }): Response {
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }];
  const body = { id: 'chatcmpl-1', object: 'chat.completion', created: 0, model, choices, usage };
  return new Response(JSON.stringify({ ...body, system_fingerprint: upstream }), JSON_TYPE);
}
