/** In-memory providers that answer by script and record their requests. */

import type { Clock } from '../../src/index.ts';
import { anything, type Reply } from './replies.ts';
import { chatStream } from './stream-replies.ts';

/** A request that reached a provider. */
export interface SentRequest {
  /** The first label of the host: `https://gemini.test/v1` is `gemini`. */
  readonly provider: string;
  readonly method: string;
  /** Path and query below `/v1`. */
  readonly path: string;
  readonly headers: Headers;
  /** The body as it was sent; `body` is the parsed JSON. */
  readonly rawBody: unknown;
  readonly body: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

export class ScriptedProviders {
  readonly sent: SentRequest[] = [];
  readonly #clock: Clock;
  readonly #scripts = new Map<string, Reply[]>();
  readonly #usual = new Map<string, Reply>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the next answers of a provider; its usual answer follows. */
  script(provider: string, ...replies: readonly Reply[]): this {
    this.#scripts.set(provider, [...(this.#scripts.get(provider) ?? []), ...replies]);
    return this;
  }

  /**
   * Sets the answer of a provider after its script. @default an answer for any surface, or a chat stream if requested
   */
  usually(provider: string, reply: Reply): this {
    this.#usual.set(provider, reply);
    return this;
  }

  /** The providers that got requests, in order. */
  get asked(): readonly string[] {
    return this.sent.map(({ provider }) => provider);
  }

  to(provider: string): readonly SentRequest[] {
    return this.sent.filter((request) => request.provider === provider);
  }

  /** The `fetch` to pass to a client. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const provider = url.hostname.split('.')[0] ?? '';
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    this.sent.push({
      provider,
      method: init.method ?? 'GET',
      path: `${url.pathname.replace(/^\/v1/, '')}${url.search}`,
      headers: new Headers(init.headers),
      rawBody: init.body,
      body,
      atMs: this.#clock.now(),
    });
    const signal = init.signal ?? undefined;
    const reply = this.#scripts.get(provider)?.shift() ?? this.#usual.get(provider) ?? hello;
    return reply({ body, signal, wait: (ms) => this.#wait(ms, signal) });
  };

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = Number.isFinite(ms) ? this.#clock.setTimeout(resolve, ms) : undefined;
      const abort = (): void => {
        timer?.cancel();
        // `fetch` rejects with the reason of the signal, which is an `Error` unless the caller chose another value.
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

const hello: Reply = (request) => (request.body.stream === true ? chatStream(['Hello.']) : anything())(request);
