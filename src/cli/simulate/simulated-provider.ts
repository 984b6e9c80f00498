/** A simulated provider: answers after a random latency, or fails with a given probability. */

import type { Clock } from '../../index.ts';
import { lognormal } from '../../testing/seeded-random.ts';

/** How a simulated provider behaves. */
export interface SimulatedBehaviour {
  /** The share of calls that fail with status 503, 0–1, from `fromMs` on. */
  readonly errorRate: number;
  /** The latency before the first token; each output token adds to it. */
  readonly medianLatencyMs: number;
  /** The time on the simulation's clock from which `errorRate` applies; before it, `errorRateBefore` does. */
  readonly fromMs: number;
  readonly errorRateBefore: number;
}

/** The standard deviation of the logarithm of latencies, as observed for providers without incidents. */
const SIGMA = 0.5;
/** 100 tokens per second. */
const MS_PER_OUTPUT_TOKEN = 10;

export function simulatedProvider(behaviour: SimulatedBehaviour, clock: Clock, random: () => number): typeof fetch {
  const { errorRate, errorRateBefore, medianLatencyMs, fromMs } = behaviour;
  return async (_input, init) => {
    const { model, messages } = bodyOf(init?.body);
    const [inputTokens = 0, outputTokens = 0] = sizesIn(messages[0]?.content ?? '');
    const fails = random() < (clock.now() < fromMs ? errorRateBefore : errorRate);
    const latencyMs = lognormal(medianLatencyMs, SIGMA, random) + (fails ? 0 : outputTokens * MS_PER_OUTPUT_TOKEN);
    await delay(clock, latencyMs, init?.signal);
    return fails ? failure() : answer(model, inputTokens, outputTokens);
  };
}

/** Rejects on abort, as a request to a real provider does. */
function delay(clock: Clock, delayMs: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, delayMs);
    const abort = (): void => {
      timer.cancel();
      reject(new DOMException('The request was aborted', 'AbortError'));
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The body of a simulated call. The message contains the token counts, because all dialects leave it unchanged. */
interface Body {
  readonly model: string;
  readonly messages: readonly { readonly content: string }[];
}

/** The SDK sends bodies as strings. */
function bodyOf(encoded: unknown): Body {
  if (typeof encoded !== 'string')
    throw new TypeError(`The body of a simulated call should be a string, got ${typeof encoded}`);
  return JSON.parse(encoded) as Body;
}

/** A message that stands for `inputTokens`, with an answer of `outputTokens`. */
export function sizedMessage(inputTokens: number, outputTokens: number): string {
  return `${inputTokens} ${outputTokens}`;
}

function sizesIn(message: string): number[] {
  return message.split(' ').map(Number);
}

function failure(): Response {
  return Response.json(
    { error: { message: 'The simulated provider is overloaded.', type: 'server_error' } },
    { status: 503 },
  );
}

function answer(model: string, inputTokens: number, outputTokens: number): Response {
  const usage = {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
  const message = { role: 'assistant', content: 'Simulated.', refusal: null };
  const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }];
  return Response.json({ id: 'chatcmpl-0', object: 'chat.completion', created: 0, model, choices, usage });
}
