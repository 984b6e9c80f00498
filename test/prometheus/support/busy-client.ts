/** A client with every feature in use, so that every metric has a series. Its providers answer in memory. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from '@prometheus-io/client';
import { CanaryClient, memoryStore, route } from '../../../src/index.ts';
import { type PrometheusExporter, prometheusExporter } from '../../../src/prometheus/index.ts';
import { BODY, drain, STREAM_BODY } from '../../support/calls.ts';
import { anything, chat, failed, type Reply } from '../../support/replies.ts';
import { chatStream } from '../../support/stream-replies.ts';

const PRICE = { inputPerMTok: 2_000, outputPerMTok: 8_000 };
const CHEAP = { inputPerMTok: 500, outputPerMTok: 2_000 };

export interface BusyClient extends AsyncDisposable {
  readonly ai: CanaryClient;
  readonly registry: Registry;
  readonly exporter: PrometheusExporter;
  /** Plain calls by many users, some of them slow; all are answered. */
  plainCalls(count: number): Promise<void>;
  /** Calls that make something happen in each of the other features. */
  otherCalls(): Promise<void>;
}

export function busyClient(): BusyClient {
  let calls = 0;
  const replies: Readonly<Record<string, Reply>> = {
    broken: failed(500),
    // Its pause lasts longer than the test.
    paused: failed(429, { code: 'insufficient_quota' }),
    tools: brokenToolCall(),
  };
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const name = url.hostname.split('.')[0] ?? '';
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    // One answer in ten is slow.
    await sleep(name !== 'shadow' && (calls += 1) % 10 === 0 ? 250 : 2);
    const reply = replies[name] ?? (body['stream'] === true ? chatStream(['Hello.']) : anything());
    return reply({ body, signal: undefined, wait: (ms) => sleep(ms) });
  };
  const connection = (name: string) => ({ baseURL: `https://${name}.test/v1`, apiKey: 'key' });
  const ai: CanaryClient = new CanaryClient<string, string>({
    ...connection('openai'),
    fetch,
    maxRetries: 1,
    canary: {
      upstreams: {
        next: { ...connection('next'), targetLatency: '300ms', limits: { rpm: 100_000, tpm: 100_000_000 } },
        other: connection('other'),
        shadow: connection('shadow'),
        broken: connection('broken'),
        paused: connection('paused'),
        tools: connection('tools'),
        unpriced: { ...connection('unpriced'), model: 'no-such-model' },
        // Its price is on the public list.
        listed: { ...connection('listed'), provider: 'openai', model: 'gpt-4.1-mini' },
      },
      rollout: [
        {
          to: 'next',
          steps: [{ weight: 0.4, hold: '1h' }, { weight: 0.8 }],
          guardrails: { errorRate: { margin: 0.05 }, latencyP95: { margin: 0.5 }, quality: { margin: 0.2 } },
        },
        { to: 'other', steps: [{ weight: 0.1, hold: '1h' }, { weight: 0.2 }] },
      ],
      shadow: { upstream: 'shadow', share: 0.5 },
      prices: { openai: PRICE, next: CHEAP, other: PRICE, shadow: CHEAP, tools: PRICE, paused: PRICE },
      budgets: [{ name: 'day', per: 'day', limitUsd: 4 }],
      cache: { ttl: '5m' },
      hedge: { after: '60ms', maxShare: 1 },
      alerts: [{ name: 'any failure', metric: 'failures', upstream: 'broken', above: 0, minCalls: 1 }],
      retry: { minDelay: '1ms', budget: 1 },
      breaker: { consecutive: 2, openFor: '30m', maxOpenFor: '30m' },
      store: memoryStore(),
      logger: { warn: () => undefined },
    },
  });
  const registry = new Registry();
  const exporter = prometheusExporter(ai, { registry });
  let users = 0;
  const ask = (options = {}, body = {}) =>
    ai.chat.completions.create({ ...BODY, ...body }, route({ key: `user-${(users += 1)}`, ...options }));
  return {
    ai,
    registry,
    exporter,
    plainCalls: async (count) => {
      for (let made = 0; made < count; made += 10) await Promise.all(Array.from({ length: 10 }, () => ask()));
    },
    otherCalls: async () => {
      for (const upstream of ['broken', 'broken', 'paused', 'tools', 'listed', 'unpriced']) await ask({ upstream });
      for (let call = 0; call < 2; call += 1) await ask({}, { temperature: 0 });
      for (let call = 0; call < 20; call += 1) {
        await drain(await ai.chat.completions.create(STREAM_BODY, route({ key: `user-${(users += 1)}` })));
      }
      for (let call = 0; call < 20; call += 1) {
        const scored = ask();
        await scored;
        ai.canary.record(scored, { quality: 0.9 });
      }
      ai.canary.rollouts['other']?.promote();
      await sleep(100);
      ai.canary.rollouts['other']?.rollback('by the test');
    },
    [Symbol.asyncDispose]: async () => {
      exporter.close();
      await ai.canary.close();
    },
  };
}

function brokenToolCall(): Reply {
  const call = { id: 'call-1', type: 'function', function: { name: 'look', arguments: '{"a":' } };
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  return async (request) => {
    const answer = (await (await chat()(request)).json()) as Record<string, unknown>;
    return Response.json({ ...answer, choices: [{ index: 0, message, finish_reason: 'tool_calls' }] });
  };
}
