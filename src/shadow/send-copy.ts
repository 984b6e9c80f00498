/** Sends the copy of a call and reads its answer to the end. */

import { setImmediate } from 'node:timers/promises';
import type { AttemptRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { CallTrace } from '../domain/trace.ts';
import type { Clock } from '../time/clock.ts';
import type { AnswerCheck, AnswerReader, AttemptEnd } from '../upstream/attempt-types.ts';
import { NOTHING_KNOWN } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import { ResponseMode } from '../upstream/response-mode.ts';
import { BodyWatch } from '../upstream/stream/body-watch.ts';
import { JoinedAnswer } from '../upstream/stream/join-answer.ts';
import { StreamInterruptedError } from '../domain/errors.ts';
import { classifyFailure, type Failure, rejectedFor } from '../resilience/failure.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import { removeRefusedUsage } from '../upstream/sdk/refused-usage.ts';
import { optionsFor } from '../upstream/sdk/request-options.ts';
import { redact } from '../upstream/sdk/secrets.ts';
import { isStream, type RequestOptions, type StreamInternals } from '../upstream/sdk/types.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { attemptRecord } from '../call/attempt-record.ts';
import { bothReaders, followAttempt } from '../call/follow-attempt.ts';
import type { Pricing, StartedAttempt } from '../upstream/upstream-costs.ts';

/** The input of `sendCopy`. */
interface CopyInput {
  readonly call: Call;
  /** The options of the copy, see `copyOptions` in shadow-runner.ts. */
  readonly options: RequestOptions;
  readonly upstream: Upstream;
  readonly connect: (upstream: Upstream) => UpstreamConnection;
  /** Follows the call that is copied. */
  readonly trace: CallTrace | undefined;
  readonly limit: TimeLimit;
  readonly witness: AnswerReader;
  /** The check of the whole answer, where the real answer is checked, too. */
  readonly accept: AnswerCheck | undefined;
  /** The longest silence of a stream, in ms; `Infinity`: unlimited. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly pricing: Pricing;
}

/** How a copy ended. */
interface CopyEnd {
  readonly record: AttemptRecord;
  readonly failure: Failure | undefined;
}

/** Sends the copy once, without retries: a transient failure says little about an upstream's answers. Never rejects. */
export async function sendCopy(input: CopyInput): Promise<CopyEnd> {
  const { call, upstream, clock, pricing, limit } = input;
  const { model } = call;
  let started: StartedAttempt = {
    upstream: upstream.name,
    index: 0,
    reason: 'shadow',
    model,
    startedAtMs: clock.now(),
  };
  let ended: AttemptEnd | undefined;
  try {
    const connection = input.connect(upstream);
    const request = optionsFor(upstream, connection.client, call, input.options);
    started = { ...started, model: request.model };
    const joined = input.accept && new JoinedAnswer(call.surface);
    await readToEnd(input, connection, { started, request, joined, onEnd: (end) => (ended = end) });
    const reason = joined && ended && !ended.failure ? await input.accept?.(joined.answer) : undefined;
    if (ended && reason !== undefined) ended = { ...ended, failure: rejectedFor(reason) };
  } catch (error) {
    // The attempt has reported its end, unless the request could not be built.
    ended ??= { ...NOTHING_KNOWN, failure: classifyFailure(error, { nowMs: clock.now() }), atMs: clock.now() };
  }
  limit.release();
  const end = ended ?? { ...NOTHING_KNOWN, failure: undefined, atMs: clock.now() };
  // Without mirroring the request would not exist, so a copy saves nothing.
  const record = { ...attemptRecord(call, started, end, pricing), stableCostUsd: 0 };
  started.trace?.end(record);
  return { record, failure: end.failure };
}

/** The request of a copy, and what is to be learned of its answer. */
interface CopyReading {
  readonly started: StartedAttempt;
  readonly request: ReturnType<typeof optionsFor>;
  /** Reads the answer for `accept`. */
  readonly joined: JoinedAnswer | undefined;
  readonly onEnd: (end: AttemptEnd) => void;
}

async function readToEnd(
  { call, upstream, limit, witness: collector, idleMs, clock, trace }: CopyInput,
  connection: UpstreamConnection,
  { started, request, joined, onEnd }: CopyReading,
): Promise<void> {
  const { client, sdkRetries } = connection;
  const { options, mark } = request;
  options.signal = limit.signal;
  if (!sdkRetries) options.maxRetries = 0;
  const reader = joined ? bothReaders(collector, joined) : collector;
  const { send, witness } = trace
    ? followAttempt(trace, started, connection, reader)
    : { send: connection.send, witness: reader };
  const mode = new ResponseMode();
  mode.choose('parsed');
  const answer = await attempt({
    surface: call.surface,
    metersRaw: true,
    // Only the observer of the copy reads the answer.
    hidesUsage: false,
    body: call.stream ? new BodyWatch() : undefined,
    send,
    options,
    retries: sdkRetries ? null : 0,
    mode,
    limit,
    judge: () => ({
      firstChunkMs: Infinity,
      idleMs,
      holds: false,
      bufferBytes: undefined,
      needsFinishReason: upstream.config.finishReason === true,
      drains: false,
      interrupted: (partial, cause) =>
        new StreamInterruptedError({ ...partial, upstream: upstream.name, attempts: [] }, cause),
    }),
    removeRefused: (error) => removeRefusedUsage(request, error, upstream, call),
    redact: (error) => redact(error, [client.apiKey, client.adminAPIKey, ...mark.secrets]),
    clock,
    witness,
    onEnd,
  });
  if (answer.kind !== 'parsed' || !isStream(answer.data)) return;
  await drain(answer.data, limit);
}

/** Chunks that are read per turn of the event loop, so that a burst does not delay other calls. */
const CHUNKS_PER_TURN = 32;
/** More than any answer has; a longer stream is cancelled. */
const MAX_CHUNKS = 200_000;

async function drain(stream: StreamInternals, limit: TimeLimit): Promise<void> {
  const chunks = stream.iterator();
  for (let read = 1; !(await chunks.next()).done; read += 1) {
    if (read % CHUNKS_PER_TURN === 0) await setImmediate();
    if (read === MAX_CHUNKS) limit.abort();
  }
}
