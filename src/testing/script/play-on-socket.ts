/** Sends an answer over a real connection. */

import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../time/clock.ts';
import type { Script, Step } from './script.ts';
import { aborted, wait } from './wait.ts';

/** Plays the script. Returns early if `signal` aborts, which means that the client has disconnected. */
export async function playOnSocket(
  script: Script,
  response: ServerResponse,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const step of script) {
    if (signal.aborted) return;
    await play(step, response, clock, signal);
  }
}

async function play(step: Step, response: ServerResponse, clock: Clock, signal: AbortSignal): Promise<void> {
  switch (step.step) {
    case 'wait':
      return wait(step.ms, clock, signal);
    case 'head':
      response.writeHead(step.status, step.headers).flushHeaders();
      return;
    case 'write':
      return write(step.text, response, signal);
    case 'end':
      return new Promise((resolve) => response.once('close', () => resolve()).end());
    case 'destroy':
      return destroy(response);
    case 'silence':
      return aborted(signal);
    default:
      return step satisfies never;
  }
}

/**
 * Resolves when the operating system has the text: it must arrive even if the connection is broken next. Also resolves if the
 * client disconnects, because Node then never calls the callback.
 */
function write(text: string, response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const written = (): void => {
      signal.removeEventListener('abort', written);
      resolve();
    };
    signal.addEventListener('abort', written);
    response.write(text, written);
  });
}

/**
 * Breaks the connection a few event loop turns later, so that a client in the same process can read what was sent
 * before.
 */
async function destroy(response: ServerResponse): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await setImmediate();
  response.destroy();
}
