/** One round trip by OTLP over HTTP, to a server that is shaped like a collector. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { otelExporter } from '../../src/otel/index.ts';
import { ask } from '../support/calls.ts';
import { setUp } from '../support/set-up.ts';

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

interface OtlpRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[];
}

test('a collector gets the call and its attempt', async () => {
  const received: { readonly url: string | undefined; readonly body: OtlpRequest }[] = [];
  const take = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    received.push({ url: request.url, body: (await readJson(request)) as OtlpRequest });
    reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  const collector = createServer((request, reply) => void take(request, reply));
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo; // an object, because the server listens on TCP
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  const { ai } = setUp();
  const exported = otelExporter(ai, { tracer: provider.getTracer('openai-canary') });
  await ask(ai);
  exported.close();
  await provider.shutdown();
  await new Promise((resolve) => collector.close(resolve));
  expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
  const spans = received.flatMap(({ body }) =>
    body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
  const [attempt, call] = spans;
  expect(spans.map(({ name }) => name)).toEqual(['attempt openai', 'chat gpt-4.1']);
  expect(attempt?.parentSpanId).toBe(call?.spanId);
  // OTLP's number for a client.
  expect(call?.kind).toBe(3);
  expect(call?.attributes).toContainEqual({ key: 'gen_ai.request.model', value: { stringValue: 'gpt-4.1' } });
  expect(call?.attributes).toContainEqual({ key: 'gen_ai.usage.input_tokens', value: { intValue: 10 } });
});
