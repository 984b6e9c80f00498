/** An OpenAI-compatible provider on the loopback interface, with configurable faults. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../time/clock.ts';
import { errorReply } from '../answers/errors.ts';
import { playOnSocket } from '../script/play-on-socket.ts';
import { errorScript, type Script } from '../script/script.ts';
import { systemClock } from '../../time/system-clock.ts';
import { StoredResponses } from './account.ts';
import { FaultQueue } from './fault-queue.ts';
import { receive, type ReceivedRequest } from './received-request.ts';
import { openReplay } from './replay.ts';
import { type ProviderState, respond } from './respond.ts';
import type { ProviderOptions, ProviderSettings } from './settings.ts';

/** A running provider. */
export interface Provider extends AsyncDisposable {
  /** The base URL, ending in `/v1`. */
  readonly url: string;
  /** The requests received, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Changes the given settings from the next request on. New `faults` start with all their `times`. */
  set(settings: ProviderSettings): void;
  /** Clears `requests`. */
  clear(): void;
  /** Resolves when no request is in flight: each is answered, or its client has disconnected. */
  idle(): Promise<void>;
  /** Closes all connections and stops the server. */
  close(): Promise<void>;
}

/**
 * Starts a provider on a free port of 127.0.0.1. It serves chat, completions, Responses, embeddings, moderations and models.
 *
 * @example
 * await using provider = await startProvider({ faults: { 'gpt-4.1': { kind: 'status', status: 503, times: 2 } } });
 * const ai = new OpenAI({ baseURL: provider.url, apiKey: 'test' });
 */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const { seed = 1, replay, maxRequests = 10_000, clock = systemClock, ...settings } = options;
  const log: LoggedRequest[] = [];
  const answering = new Set<Promise<void>>();
  let received = 0;
  let inFlight = 0;
  /** The previous answer; with the defect `serialises` the next one waits for it. */
  let previousAnswer: Promise<unknown> = Promise.resolve();

  const server = createServer((message, response) => {
    // This rejects only if the client disconnects while its request is read.
    const answered = answer(message, response).catch(() => void response.destroy());
    answering.add(answered);
    void answered.finally(() => answering.delete(answered));
  });
  const port = await listen(server);
  let state: ProviderState = {
    settings,
    faults: new FaultQueue(settings.faults),
    responses: new StoredResponses(),
    replay: replay === undefined ? undefined : openReplay(replay),
    seed,
    defects: new Set(settings.defects),
    inFlight: () => inFlight,
    origin: String(port),
  };

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: LoggedRequest = await receive(message, received++, clock.now());
    log.push(request);
    if (log.length > maxRequests) log.shift();
    inFlight += 1;
    const play = (): Promise<void> => send(scriptFor(request, state), response, request, { clock, onEnd });
    const onEnd = (): void => void (inFlight -= 1);
    if (!state.defects.has('serialises')) return play();
    previousAnswer = previousAnswer.then(play, play);
    await previousAnswer;
  }

  async function idle(): Promise<void> {
    while (answering.size > 0) await Promise.all(answering);
  }

  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    await idle();
  }

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: log,
    set: (changes) => {
      const faults = 'faults' in changes ? new FaultQueue(changes.faults) : state.faults;
      const now = { ...state.settings, ...changes };
      state = { ...state, settings: now, defects: new Set(now.defects), faults };
    },
    clear: () => void log.splice(0),
    idle,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** If a function in the settings throws, the client gets a 500 with its message. */
function scriptFor(request: ReceivedRequest, state: ProviderState): Script {
  try {
    return respond(request, state);
  } catch (error) {
    return errorScript(errorReply(500, { message: String(error) }));
  }
}

type LoggedRequest = { -readonly [Field in keyof ReceivedRequest]: ReceivedRequest[Field] };

/** Plays the script and records how the request ended. */
async function send(
  script: Script,
  response: ServerResponse,
  request: LoggedRequest,
  { clock, onEnd }: { readonly clock: Clock; readonly onEnd: () => void },
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  request.status = script.find((step) => step.step === 'head')?.status;
  const breaks = script.some((step) => step.step === 'destroy');
  // A client may send its next request once it has read the end, before the connection reports it: `onEnd` must run earlier.
  const end = script.findIndex((step) => step.step === 'end');
  try {
    await playOnSocket(end < 0 ? script : script.slice(0, end), response, clock, gone.signal);
  } finally {
    onEnd();
  }
  if (end >= 0) await playOnSocket(script.slice(end), response, clock, gone.signal);
  request.aborted = !response.writableFinished && !breaks;
}

/** Opens the server on a free loopback port, and resolves to that port. Rejects if there is no free port. */
function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no TCP port'));
      else resolve(address.port);
    });
  });
}
