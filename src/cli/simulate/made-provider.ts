/** A provider made of numbers: it answers after a while that a distribution draws, or fails with a probability. */

import type { Clock } from '../../index.ts';
import { lognormal } from '../../testing/seeded-random.ts';

/** How a simulated provider behaves. */
export interface MadeBehaviour {
  /** Share of calls that fail with status 503, 0–1. */
  readonly errorRate: number;
  /** Of an answer without any output: each output token adds to it. */
  readonly medianLatencyMs: number;
  /** The behaviour begins here, on the simulation's clock; before it, errors are as `errorRateBefore`. */
  readonly fromMs: number;
  readonly errorRateBefore: number;
}

/** Deviation of the logarithm of latencies: what is seen of providers in calm. */
const SIGMA = 0.5;
/** A hundred tokens a second. */
const MS_PER_OUTPUT_TOKEN = 10;

export function madeProvider(behaviour: MadeBehaviour, clock: Clock, random: () => number): typeof fetch {
  const { errorRate, errorRateBefore, medianLatencyMs, fromMs } = behaviour;
  return async (_input, init) => {
    const { model, messages } = bodyOf(init?.body);
    const [inputTokens = 0, outputTokens = 0] = sizesIn(messages[0]?.content ?? '');
    const fails = random() < (clock.now() < fromMs ? errorRateBefore : errorRate);
    const latencyMs = lognormal(medianLatencyMs, SIGMA, random) + (fails ? 0 : outputTokens * MS_PER_OUTPUT_TOKEN);
    await pass(clock, latencyMs, init?.signal);
    return fails ? failure() : answer(model, inputTokens, outputTokens);
  };
}

/** Who hangs up waits no longer, as with a real provider. */
function pass(clock: Clock, delayMs: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, delayMs);
    const hangUp = (): void => {
      timer.cancel();
      reject(new DOMException('The request was aborted', 'AbortError'));
    };
    signal?.addEventListener('abort', hangUp, { once: true });
  });
}

/** The body of a simulated call: its sizes stand in its message, which every dialect leaves as it is. */
interface Body {
  readonly model: string;
  readonly messages: readonly { readonly content: string }[];
}

/** The SDK encodes bodies as text. */
function bodyOf(encoded: unknown): Body {
  if (typeof encoded !== 'string')
    throw new TypeError(`The body of a simulated call should be text, got ${typeof encoded}`);
  return JSON.parse(encoded) as Body;
}

/** A message that stands for one of so many tokens, whose answer has so many. */
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
