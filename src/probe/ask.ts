/** Asks an upstream as a real call that is forced to it would, once, and reads the whole answer. */

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
import { NotAsked, type Probing } from './probing.ts';
import { parsed, readStream, refusalOf, refusalWithin, type Reply } from './reply.ts';

/** Enough for a short answer of a model that reasons first. */
const SHORT_ANSWER_TOKENS = 1_000;

/** Makes the requests of one check, and knows what they cost. */
export class Asker {
  readonly probing: Probing;
  /** USD; `null` as long as no cost is known. */
  costUsd: number | null = null;
  readonly #upstream: Upstream;

  constructor(probing: Probing) {
    const { upstream } = probing.input;
    this.probing = probing;
    // A probe names its models itself, also one that no upstream would be asked for.
    const rules = { ...upstream.config.rules, model: undefined };
    this.#upstream = { ...upstream, config: { ...upstream.config, rules } };
  }

  /** A chat call; `question` may name another model. */
  chat(question: Question): Promise<Reply> {
    return this.post('chat', '/chat/completions', { max_tokens: SHORT_ANSWER_TOKENS, ...question });
  }

  async post(surface: Surface, path: string, question: Question): Promise<Reply> {
    const { model } = this.probing.input;
    if (model === undefined && question['model'] === undefined) throw new NotAsked('no model was named');
    return this.#ask(surface, { method: 'post', path, body: { model, ...question } });
  }

  get(path: string): Promise<Reply> {
    return this.#ask('other', { method: 'get', path });
  }

  async #ask(surface: Surface, asked: Asked): Promise<Reply> {
    const { probing } = this;
    const { account, clock, line, signal, nextCallId } = probing.input;
    const call = probeCall(nextCallId(), clock.now(), surface, asked);
    const request = optionsFor(this.#upstream, line.client, call, { ...asked, stream: call.stream });
    const reserved = probing.reserve(account.estimateCostUsd(call, asked.body) ?? 0);
    try {
      const full = account.holdBudget(call, asked.body);
      if (full !== undefined) throw new NotAsked(`the budget ${full} is spent`);
      const { reply, end } = await this.#send(call, request);
      this.#charge(call, end);
      if (reply.refusal && signal?.aborted) throw new NotAsked('aborted');
      if (reply.refusal) probing.refusals.push(reply.refusal);
      return reply;
    } finally {
      reserved.release();
    }
  }

  /** Never rejects: what is thrown is a refusal. */
  async #send(call: Call, { options, mark }: UpstreamRequest): Promise<{ reply: Reply; end: AttemptEnd }> {
    const { clock, line, signal, timeoutMs } = this.probing.input;
    const stopper = new AbortController();
    let timedOut = false;
    const abort = (): void => stopper.abort();
    const timer = patientTimer(clock, timeoutMs, () => {
      timedOut = true;
      abort();
    });
    signal?.addEventListener('abort', abort, { once: true });
    options.signal = stopper.signal;
    options.maxRetries = 0;
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<AttemptEnd>();
    const secrets = (): (string | null)[] => [line.client.apiKey, line.client.adminAPIKey, ...mark.secrets];
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

  async #read(call: Call, options: RequestOptions, told: Pick<AttemptInput, 'onEnd' | 'redact'>): Promise<Read> {
    const { clock, line } = this.probing.input;
    const mode = new ResponseMode();
    mode.choose('raw');
    const answer = await attempt({
      ...told,
      surface: call.surface,
      metersRaw: true,
      hidesUsage: false,
      send: line.send,
      options,
      retries: line.sdkRetries ? null : 0,
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
    const costUsd = this.probing.input.account.charge(call, end);
    this.probing.spend(costUsd);
    if (costUsd !== null) this.costUsd = (this.costUsd ?? 0) + costUsd;
  }
}

/** What an answer holds. */
type Read = Pick<Reply, 'body' | 'stream'>;

function replyOf(call: Call, end: AttemptEnd, { body, stream }: Read): Reply {
  const [first] = stream?.events ?? [];
  const refusal = refusalWithin(stream ? first?.chunk : body);
  return { refusal, body, stream, usage: end.usage, model: end.model, latencyMs: end.atMs - call.startedAtMs };
}

/* PART: Describes a request of a probe as a call. */

/** A body, with or without its model. */
export type Question = Readonly<Record<string, unknown>>;

/** A request to be made. */
export interface Asked {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly body?: Question | undefined;
}

/** A call that routing has no part in: it has no key, no id and no fallbacks. */
function probeCall(id: number, startedAtMs: number, surface: Surface, { method, path, body }: Asked): Call {
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
