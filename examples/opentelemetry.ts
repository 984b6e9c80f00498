/** Prints the spans of a call that its canary fails. Run: node examples/opentelemetry.ts */

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { CanaryClient } from '../src/index.ts';
import { otelExporter } from '../src/otel/index.ts';
import { startProvider } from '../src/testing/index.ts';

const memory = new InMemorySpanExporter();
const spanProcessors = [new SimpleSpanProcessor({ exporter: memory })];
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

await using good = await startProvider({ answer: 'Hello!' });
await using bad = await startProvider({ errorRate: 1 });
await using ai = new CanaryClient({
  apiKey: 'test',
  baseURL: good.url,
  canary: {
    upstreams: { next: { baseURL: bad.url, apiKey: 'test', model: 'next-model' } },
    weights: { next: 1 },
    retry: { minDelay: '10ms' },
    logger: { warn: () => undefined },
  },
});
using exporter = otelExporter(ai, { tracer: trace.getTracer('openai-canary') });

await trace.getTracer('app').startActiveSpan('POST /chat', async (span) => {
  await ai.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello?' }] });
  span.end();
});

const spans = memory.getFinishedSpans();
const print = (parent: string | undefined, indent: string): void => {
  const children = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent);
  for (const span of children) {
    const error = span.attributes['error.type'];
    console.log(indent + span.name + (typeof error === 'string' ? ` (${error})` : ''));
    print(span.spanContext().spanId, `${indent}  `);
  }
};
print(undefined, '');
exporter.close();
