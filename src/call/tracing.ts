/** Calls the tracers of the application. One that fails never affects a call. */

import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import { isThenable } from '../domain/json.ts';
import type { AttemptReader, AttemptTrace, CallTrace, CallTracer, TracedAttempt, TracedPlan } from '../domain/trace.ts';

/** Receives what a tracer throws. */
type OnFailure = (error: unknown) => void;

/** The tracers in use, usually none or one. */
export class Tracing {
  readonly #onFailure: OnFailure;
  #tracers: readonly { readonly tracer: CallTracer }[] = [];

  constructor(onFailure: OnFailure) {
    this.#onFailure = onFailure;
  }

  /** Adds a tracer. Returns the function that removes it. */
  add(tracer: CallTracer): () => void {
    const added = { tracer };
    this.#tracers = [...this.#tracers, added];
    return () => (this.#tracers = this.#tracers.filter((each) => each !== added));
  }

  removeAll(): void {
    this.#tracers = [];
  }

  /** The trace of a call that begins; `undefined` if no tracer follows it. */
  begin(call: Call, body: unknown): CallTrace | undefined {
    if (this.#tracers.length === 0) return undefined;
    const { id, surface, paid, method, path, model, stream, task } = call;
    const traced = { id, surface, paid, method, path, model, stream, task, body };
    const traces = this.#tracers.flatMap(({ tracer }) => guarded(() => tracer.begin(traced), this.#onFailure) ?? []);
    return traces.length === 0 ? undefined : new GuardedCallTrace(traces, this.#onFailure);
  }
}

class GuardedCallTrace implements CallTrace {
  readonly #traces: readonly CallTrace[];
  readonly #onFailure: OnFailure;
  #isOver = false;

  constructor(traces: readonly CallTrace[], onFailure: OnFailure) {
    this.#traces = traces;
    this.#onFailure = onFailure;
  }

  planned(plan: TracedPlan): void {
    this.#each((trace) => trace.planned(plan));
  }

  attempt(attempt: TracedAttempt): AttemptTrace | undefined {
    const traces = this.#traces.flatMap((trace) => guarded(() => trace.attempt(attempt), this.#onFailure) ?? []);
    return traces.length === 0 ? undefined : new GuardedAttemptTrace(traces, this.#onFailure);
  }

  end(record: CallRecord): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#each((trace) => trace.end(record));
  }

  /** Called for every error that the caller gets. Most of them come after the end of the call. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#each((trace) => trace.fail(error));
  }

  #each(tell: (trace: CallTrace) => void): void {
    for (const trace of this.#traces) guarded(() => tell(trace), this.#onFailure);
  }
}

class GuardedAttemptTrace implements AttemptTrace {
  readonly reader: AttemptReader | undefined;
  readonly #traces: readonly AttemptTrace[];
  readonly #onFailure: OnFailure;

  constructor(traces: readonly AttemptTrace[], onFailure: OnFailure) {
    this.#traces = traces;
    this.#onFailure = onFailure;
    const readers = traces.flatMap((trace) => guarded(() => trace.reader, onFailure) ?? []);
    if (readers.length > 0) this.reader = guardedReader(readers, onFailure);
  }

  run<T>(send: () => T): T {
    return this.#traces.reduceRight<() => T>((next, trace) => () => runIn(trace, next, this.#onFailure), send)();
  }

  hold(): void {
    for (const trace of this.#traces) guarded(() => trace.hold(), this.#onFailure);
  }

  end(record: AttemptRecord): void {
    for (const trace of this.#traces) guarded(() => trace.end(record), this.#onFailure);
  }
}

function guardedReader(readers: readonly AttemptReader[], onFailure: OnFailure): AttemptReader {
  return {
    chunk: (chunk) => readers.forEach((reader) => guarded(() => reader.chunk(chunk), onFailure)),
    body: (body) => readers.forEach((reader) => guarded(() => reader.body(body), onFailure)),
  };
}

/** Sends exactly once, whatever the tracer does. What `send` throws is the caller's. */
function runIn<T>(trace: AttemptTrace, send: () => T, onFailure: OnFailure): T {
  let sent: { readonly result: T } | { readonly error: unknown } | undefined;
  const sendOnce = (): T => {
    if (!sent) {
      try {
        sent = { result: send() };
      } catch (error) {
        sent = { error };
      }
    }
    if ('error' in sent) throw sent.error;
    return sent.result;
  };
  try {
    const returned: unknown = trace.run(sendOnce);
    // A request that was sent is no promise: this one is made by an async `run`, and has no other reader.
    if (isThenable(returned)) Promise.resolve(returned).catch(onFailure);
  } catch (error) {
    if (!sent || !('error' in sent)) onFailure(error);
  }
  return sendOnce();
}

function guarded<T>(act: () => T, onFailure: OnFailure): T | undefined {
  try {
    const result = act();
    if (!isThenable(result)) return result;
    // The promise of an async method has no other reader.
    Promise.resolve(result).catch(onFailure);
  } catch (error) {
    onFailure(error);
  }
  return undefined;
}
