/** A gateway on the loopback interface, over simulated providers. */

import { OpenAI } from 'openai';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/index.ts';
import { CanaryClient, type CanaryOptions } from '../../src/index.ts';
import { startProvider, type Provider, type ProviderOptions } from '../../src/testing/index.ts';

export const TOKEN = 'token-of-the-web-application';
export const ADMIN = 'token-of-the-administrator';
export const CHAT = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Say hello.' }] };

export interface World extends AsyncDisposable {
  readonly ai: CanaryClient;
  readonly gateway: Gateway;
  readonly stable: Provider;
  readonly canary: Provider;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** The SDK's own client, as an application on another machine would use it. */
  readonly sdk: OpenAI;
  /** Posts JSON with the token of a caller. */
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
}

export interface WorldOptions {
  readonly stable?: ProviderOptions;
  readonly canary?: ProviderOptions;
  readonly options?: CanaryOptions;
  readonly client?: Readonly<Record<string, unknown>>;
  readonly gateway?: GatewayOptions;
  readonly requestTimeout?: number;
}

/** Stable is `openai`, the canary `gemini` gets no calls unless `weights` say so. */
export async function startWorld(given: WorldOptions = {}): Promise<World> {
  const stable = await startProvider({ apiKey: 'key-of-openai', answer: 'from openai', ...given.stable });
  const canary = await startProvider({ apiKey: 'key-of-gemini', answer: 'from gemini', ...given.canary });
  const ai: CanaryClient = new CanaryClient<string, string>({
    apiKey: 'key-of-openai',
    baseURL: stable.url,
    ...given.client,
    canary: {
      logger: { warn: () => undefined },
      ...given.options,
      upstreams: { gemini: { baseURL: canary.url, apiKey: 'key-of-gemini' }, ...given.options?.upstreams },
    },
  });
  const gateway = createGateway(ai, { auth: { web: TOKEN }, ...given.gateway });
  const { url, port } = await gateway.listen({ port: 0, requestTimeout: given.requestTimeout });
  return {
    ai,
    gateway,
    stable,
    canary,
    url,
    port,
    sdk: new OpenAI({ apiKey: TOKEN, baseURL: `${url}/v1`, maxRetries: 0 }),
    post: (path, body, headers) =>
      fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      await gateway.close({ timeoutMs: 0 });
      await ai.canary.close();
      await Promise.all([stable.close(), canary.close()]);
    },
  };
}

/** The `error` of a response. */
export async function errorOf(response: Response): Promise<Record<string, unknown>> {
  return ((await response.json()) as { error: Record<string, unknown> }).error;
}
