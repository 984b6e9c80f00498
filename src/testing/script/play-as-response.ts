/** Turns a script into a `Response` for an intercepted request. */

import type { Clock } from '../../time/clock.ts';
import type { Script, Step } from './script.ts';
import { aborted, wait } from './wait.ts';

/** The constructor of responses: the global one, or that of the interceptor. */
export interface ResponseClass {
  new (body: ReadableStream<Uint8Array>, init: { status: number; headers: Record<string, string> }): Response;
  /** A network failure. */
  error(): Response;
}

/** Resolves when the head of the script is due. The rest of the script runs while the body is read. */
export async function playAsResponse(
  script: Script,
  responses: ResponseClass,
  clock: Clock,
  signal: AbortSignal,
): Promise<Response> {
  for (const [index, step] of script.entries()) {
    if (step.step === 'wait') await wait(step.ms, clock, signal);
    if (step.step === 'silence') await aborted(signal);
    if (step.step === 'head') {
      const body = bodyOf(script.slice(index + 1), clock, signal);
      return new responses(body, { status: step.status, headers: { ...step.headers, ...FRAMING } });
    }
  }
  return responses.error();
}

/** Without this header, a body ends with its connection, so a cut body would look complete. */
const FRAMING = { 'transfer-encoding': 'chunked' };

function bodyOf(script: Script, clock: Clock, signal: AbortSignal): ReadableStream<Uint8Array> {
  const steps = script.values();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const next = await nextOutput(steps, clock, signal);
      if (next === 'end') controller.close();
      else if (next === 'destroy') controller.error(new TypeError('terminated'));
      else controller.enqueue(new TextEncoder().encode(next.text));
    },
  });
}

/** Plays the waits, and returns the next thing that the reader sees. */
async function nextOutput(
  steps: Iterator<Step>,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly text: string } | 'end' | 'destroy'> {
  for (let { value: step } = steps.next(); step !== undefined; { value: step } = steps.next()) {
    if (step.step === 'wait') await wait(step.ms, clock, signal);
    else if (step.step === 'silence') await aborted(signal);
    else if (step.step === 'write') return { text: step.text };
    else if (step.step === 'destroy') return 'destroy';
  }
  return 'end';
}
