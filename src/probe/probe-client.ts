/** Sends the requests of a probe as a real call forced to the upstream would, once each, and reads the whole answers. */

import type { Call, Surface } from '../domain/call.ts';
import { classifyFailure } from '../resilience/failure.ts';
import { patientTimer } from '../time/patient-timer.ts';
import type { AttemptEnd, AttemptInput } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import { ResponseMode } from '../upstream/response-mode.ts';
import { optionsFor, type UpstreamRequest } from '../upstream/sdk/request-options.ts';
import { redact } from '../upstream/sdk/secrets.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { RequestSkipped, type ProbeContext } from './probe-context.ts';
import { parsed, readStream, refusalOf, refusalWithin, type Reply } from './reply.ts';

/** Enough for a short answer from a reasoning model. */
const SHORT_ANSWER_TOKENS = 1_000;

/** Sends the requests of one check and sums their cost. */
export class ProbeClient {
  readonly context: ProbeContext;
  /** USD; `null` until the first known cost. */
  costUsd: number | null = null;
  readonly #upstream: Upstream;

  constructor(context: ProbeContext) {
    const { upstream } = context.input;
    this.context = context;
    // A probe sets the model itself, also one that routing would not allow.
    const rules = { ...upstream.config.rules, model: undefined };
    this.#upstream = { ...upstream, config: { ...upstream.config, rules } };
  }

  /** Sends a chat request; `question` may name another model. */
  chat(question: Question): Promise<Reply> {
    return this.post('chat', '/chat/completions', { max_tokens: SHORT_ANSWER_TOKENS, ...question });
  }

  /** The estimated cost of a chat request in USD; `undefined` if its model or price is unknown. */
  estimateUsd(question: Question): number | undefined {
    const { model, budget, clock } = this.context.input;
    const body = { model, ...question };
    if (body.model === undefined) return undefined;
    return budget.estimateCostUsd(
      probeCall(0, clock.now(), 'chat', { method: 'post', path: '/chat/completions', body }),
      body,
    );
  }

  async post(surface: Surface, path: string, question: Question): Promise<Reply> {
    const { model } = this.context.input;
    if (model === undefined && question['model'] === undefined) throw new RequestSkipped('no model is set');
    return this.#request(surface, { method: 'post', path, body: { model, ...question } });
  }

  get(path: string): Promise<Reply> {
    return this.#request('other', { method: 'get', path });
  }

  async #request(surface: Surface, request: ProbeRequest): Promise<Reply> {
    const { context } = this;
    const { budget, clock, connection, signal, nextCallId } = context.input;
    const call = probeCall(nextCallId(), clock.now(), surface, request);
    const upstreamRequest = optionsFor(this.#upstream, connection.client, call, { ...request, stream: call.stream });
    const reserved = context.reserve(budget.estimateCostUsd(call, request.body) ?? 0);
    try {
      const exceeded = budget.reserve(call, request.body);
      if (exceeded !== undefined) throw new RequestSkipped(`the budget ${exceeded} is exhausted`);
      const { reply, end } = await this.#send(call, upstreamRequest);
      this.#charge(call, end);
      if (reply.refusal && signal?.aborted) throw new RequestSkipped('aborted');
      if (reply.refusal) context.refusals.push(reply.refusal);
      return reply;
    } finally {
      reserved.release();
      budget.release(call);
    }
  }

  /** Sends the request; errors become refusals. Never rejects. */
  async #send(call: Call, { options, mark }: UpstreamRequest): Promise<{ reply: Reply; end: AttemptEnd }> {
    const { clock, connection, signal, timeoutMs } = this.context.input;
    const aborter = new AbortController();
    let timedOut = false;
    const abort = (): void => aborter.abort();
    const timer = patientTimer(clock, timeoutMs, () => {
      timedOut = true;
      abort();
    });
    signal?.addEventListener('abort', abort, { once: true });
    options.signal = aborter.signal;
    options.maxRetries = 0;
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<AttemptEnd>();
    const secrets = (): (string | null)[] => [connection.client.apiKey, connection.client.adminAPIKey, ...mark.secrets];
    try {
      const { body, stream } = await this.#read(call, options, { onEnd, redact: (error) => redact(error, secrets()) });
      const end = await ended;
      return { reply: replyOf(call, end, { body, stream }), end };
    } catch (error) {
      const failure = timedOut ? classifyFailure(error, { phase: 'headers' }) : undefined;
      const end = { ...(await ended), ...(failure && { failure }) };
      const reply = replyOf(call, end, { body: undefined, stream: undefined });
      return { reply: { ...reply, refusal: refusalOf(error, end, timedOut) }, end };
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  async #read(call: Call, options: RequestOptions, hooks: Pick<AttemptInput, 'onEnd' | 'redact'>): Promise<Read> {
    const { clock, connection } = this.context.input;
    const mode = new ResponseMode();
    mode.choose('raw');
    const answer = await attempt({
      ...hooks,
      surface: call.surface,
      metersRaw: true,
      hidesUsage: false,
      send: connection.send,
      options,
      retries: connection.sdkRetries ? null : 0,
      mode,
      limit: undefined,
      judge: undefined,
      clock,
    });
    if (answer.kind !== 'raw') return { body: answer.data, stream: undefined };
    if (call.stream) return { body: undefined, stream: await readStream(answer.response, clock) };
    return { body: parsed(await answer.response.text()), stream: undefined };
  }

  #charge(call: Call, end: AttemptEnd): void {
    const costUsd = this.context.input.budget.charge(call, end);
    this.context.spend(costUsd);
    if (costUsd !== null) this.costUsd = (this.costUsd ?? 0) + costUsd;
  }
}

/** The content of an answer. */
type Read = Pick<Reply, 'body' | 'stream'>;

function replyOf(call: Call, end: AttemptEnd, { body, stream }: Read): Reply {
  const [first] = stream?.events ?? [];
  const refusal = refusalWithin(stream ? first?.chunk : body);
  return { refusal, body, stream, usage: end.usage, model: end.model, latencyMs: end.atMs - call.startedAtMs };
}

/** A request body; the model may be missing. */
type Question = Readonly<Record<string, unknown>>;

/** The method, path and body of a request. */
interface ProbeRequest {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly body?: Question | undefined;
}

/** Describes a request as a call that is not routed: without key, owner and fallbacks. */
function probeCall(id: number, startedAtMs: number, surface: Surface, { method, path, body }: ProbeRequest): Call {
  const model = body?.['model'];
  return {
    id,
    startedAtMs,
    surface,
    method,
    path,
    model: typeof model === 'string' ? model : undefined,
    stream: body?.['stream'] === true,
    replayable: true,
    key: undefined,
    keySource: undefined,
    task: undefined,
    attributes: {},
    forcedUpstream: undefined,
    fallbacks: false,
    streamMode: undefined,
    requirements: new Set(),
    toolRun: undefined,
    shadow: false,
    ownedId: undefined,
  };
}
