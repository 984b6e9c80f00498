/**
 * The cost that the OpenTelemetry exporter adds to a call in memory, and how much of it is that of the OpenTelemetry SDK. Equal clients are
 * measured in turns. `by hand` is a client without an exporter: beside each call, what the exporter asks of the SDK for such a call is asked
 * again, with the same attributes. Target: at most 1 µs per call over that. Measured in µs of CPU time; the ended spans are dropped.
 *
 *   node bench/otel.ts
 */

import { context, type Context, type Meter, type Span, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, AlwaysOnSampler, NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { otelExporter } from '../src/otel/index.ts';
import { measure, median, medianDifference, medianRatio } from './measure.ts';
import { cpuUs, splitClient } from './split-client.ts';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

interface Telemetry {
  readonly tracer?: Tracer;
  readonly meter?: Meter;
}

/** One thing that is asked of the SDK. Spans are known by their number. */
type Request = (spans: Span[]) => void;

/** Methods of spans that only read. */
const READS: ReadonlySet<string | symbol> = new Set(['isRecording', 'spanContext']);

const sets: Readonly<Record<string, () => Telemetry>> = {
  metrics: () => ({ meter: meterOf() }),
  'spans, not sampled': () => ({ tracer: tracerOf(new AlwaysOffSampler()) }),
  spans: () => ({ tracer: tracerOf(new AlwaysOnSampler()) }),
  'spans and metrics': () => ({ tracer: tracerOf(new AlwaysOnSampler()), meter: meterOf() }),
};

console.log('                              µs per call     µs more     ratio');
for (const [name, create] of Object.entries(sets)) {
  const [without, exported] = [splitClient(), splitClient()];
  otelExporter(exported.ai, create());
  const requests = await requestsOf(create());
  const byHand = async (): Promise<void> => {
    await without.call();
    const spans: Span[] = [];
    for (const request of requests) request(spans);
  };
  const contenders = { without: without.call, twin: splitClient().call, byHand, exported: exported.call };
  const measured = await measure(contenders, { rounds: 100, times: 200, warmUp: 20_000, nowUs: cpuUs });
  console.log(name);
  for (const [contender, values] of Object.entries(measured)) {
    const { without: base } = measured;
    const cells = [median(values), medianDifference(values, base), medianRatio(values, base)];
    // The number of things asked of the SDK.
    const label = contender === 'byHand' ? `by hand (${requests.length})` : contender;
    console.log(`  ${label.padEnd(28)}${cells.map((value) => value.toFixed(2).padStart(11)).join('')}`);
  }
  const own = medianDifference(measured.exported, measured.byHand);
  console.log(`  ${'exported over by hand'.padEnd(28)}${own.toFixed(2).padStart(22)}`);
}
process.exit();

function tracerOf(sampler: AlwaysOnSampler | AlwaysOffSampler): Tracer {
  return new TracerProvider({ sampler, spanProcessors: [new NoopSpanProcessor()] }).getTracer('bench');
}

function meterOf(): Meter {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  return new MeterProvider({ readers: [reader] }).getMeter('bench');
}

/** What the exporter asks of the SDK during one call. */
async function requestsOf({ tracer, meter }: Telemetry): Promise<readonly Request[]> {
  const requests: Request[] = [];
  let spans = 0;
  const numbers = new WeakMap<Span, number>();
  const startSpan: Tracer['startSpan'] = (name, options, parent = context.active()) => {
    const parentSpan = trace.getSpan(parent);
    const parentNumber = parentSpan && numbers.get(parentSpan);
    const number = (spans += 1);
    requests.push((started) => {
      const within: Context =
        parentNumber === undefined ? context.active() : trace.setSpan(context.active(), started[parentNumber]!);
      started[number] = tracer!.startSpan(name, { ...options }, within);
    });
    const span = recorded(tracer!.startSpan(name, options, parent), (method, given) => {
      requests.push((started) => void (started[number]![method] as (...args: unknown[]) => unknown)(...given));
    });
    numbers.set(span, number);
    return span;
  };
  const instrument = (name: 'createHistogram' | 'createCounter') => (title: string, options: object) => {
    const made = meter![name](title, options) as never;
    return recorded<Record<string, unknown>>(made, (method, given) => {
      requests.push(() => void (made[method] as (...args: unknown[]) => unknown)(...given));
    });
  };
  const createHistogram = instrument('createHistogram');
  const createCounter = instrument('createCounter');
  const observed: Telemetry = {
    ...(tracer && { tracer: { ...tracer, startSpan } }),
    ...(meter && {
      meter: new Proxy(meter, {
        get: (target, name) => {
          if (name === 'createHistogram') return createHistogram;
          if (name === 'createCounter') return createCounter;
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    }),
  };
  const { ai, call } = splitClient();
  otelExporter(ai, observed);
  await call();
  return requests;
}

/** `target`, with each call of a method told to `tell`. */
function recorded<Target extends object>(
  target: Target,
  tell: (method: keyof Target, given: unknown[]) => void,
): Target {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (!READS.has(name)) tell(name as keyof Target, given);
        return value.apply(target, given) as unknown;
      };
    },
  });
}
