/** Plays a behaviour with the client of one column. */

import type { ClientOptions, OpenAI } from 'openai';
import type { CanaryClient } from '../../../src/index.ts';
import { healthy } from '../catalogue/replies.ts';
import type { Behaviour, PlannedCall, ProviderReply } from './behaviour.ts';
import type { Column, Host } from './columns.ts';
import { makeCall, type SeenCall } from './make-call.ts';
import { inVirtualTime, pass } from './virtual-time.ts';

/** A request that reached a provider. */
export interface SeenRequest {
  readonly host: Host;
  readonly atMs: number;
}

/** What happened in a scene. */
export interface SeenScene {
  /** In the order in which they were made. A call that never ended has failed. */
  readonly calls: readonly SeenCall[];
  readonly requests: readonly SeenRequest[];
}

/** Three time-outs of the SDK, and time to spare. */
const LIMIT_MS = 45 * 60_000;

const HUNG: SeenCall = { ok: false, error: 'never ended', bytes: 0, text: '', firstMs: Infinity, endMs: Infinity };

/** `faulty` is the provider with the behaviour; `undefined` if all are healthy. */
export async function playScene(
  behaviour: Behaviour,
  { create, faulty }: Pick<Column, 'create'> & { readonly faulty: Column['faulty'] | undefined },
): Promise<SeenScene> {
  const planned = behaviour.calls ?? [{}];
  const calls: SeenCall[] = planned.map(() => HUNG);
  const requests: SeenRequest[] = [];
  await inVirtualTime(LIMIT_MS, async () => {
    const ai = create(optionsFor(behaviour, faulty, requests));
    const make = async (call: PlannedCall, index: number): Promise<void> => {
      await pass(call.atMs ?? 0);
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), call.abortAfterMs ?? LIMIT_MS);
      const options = call.abortAfterMs === undefined ? call.options : { ...call.options, signal: controller.signal };
      calls[index] = await makeCall(ai, call.way ?? behaviour.way ?? 'plain', bodyOf(call, index), options);
      clearTimeout(timer);
    };
    await Promise.all(planned.map(make));
    await close(ai);
  });
  return { calls, requests };
}

/** Each call is another conversation, and so has a key of its own. */
function bodyOf({ body, way }: PlannedCall, index: number): Readonly<Record<string, unknown>> {
  return index === 0 || way !== undefined
    ? { ...body }
    : { messages: [{ role: 'user', content: `Say hello, number ${index}.` }], ...body };
}

function optionsFor(behaviour: Behaviour, faulty: string | undefined, requests: SeenRequest[]): ClientOptions {
  const startedAtMs = performance.now();
  const behaving = behaviour.provider();
  const others: Partial<Record<Host, ProviderReply>> = {};
  const counts: Partial<Record<Host, number>> = {};
  const respond = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    // The SDK tries out `FormData` before an upload.
    if (url.protocol === 'data:') return new Response();
    const host = url.hostname.split('.')[0] as Host;
    const signal = init.signal ?? undefined;
    const sinceMs = performance.now() - startedAtMs;
    requests.push({ host, atMs: sinceMs });
    const index = counts[host] ?? 0;
    counts[host] = index + 1;
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    const wait = (ms: number): Promise<void> => waitFor(ms, signal);
    const reply = host === faulty ? behaving : (others[host] ??= healthy(host));
    await wait(LATENCY_MS);
    const { method = 'GET' } = init;
    const headers = Object.fromEntries(new Headers(init.headers));
    return reply({ body, signal, wait, sinceMs, index, method, path: url.pathname, headers });
  };
  return {
    apiKey: 'key-of-own',
    baseURL: 'https://own.test/v1',
    fetch: respond,
    logLevel: 'off',
    ...behaviour.client,
  };
}

/** The time until the headers of an answer. */
const LATENCY_MS = 20;

function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
    const abort = (): void => {
      clearTimeout(timer);
      // `fetch` rejects with the reason of the signal.
      reject(signal?.reason as Error);
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
  });
}

async function close(ai: OpenAI): Promise<void> {
  if ('canary' in ai) await (ai as CanaryClient).canary.close();
}
