/** An OpenAI-compatible provider on the loopback interface, with faults to order. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../time/clock.ts';
import { errorReply } from '../answers/errors.ts';
import { playOnSocket } from '../script/play-on-socket.ts';
import { errorScript, type Script } from '../script/script.ts';
import { systemClock } from '../system-clock.ts';
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
  /** What it received, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Changes its behaviour from the next request on; new `faults` begin with all their `times`. */
  set(settings: ProviderSettings): void;
  /** Forgets the requests received so far. */
  clear(): void;
  /** Resolves when no received request waits any more: every client has its answer, or has gone. */
  idle(): Promise<void>;
  /** Breaks all connections and stops. */
  close(): Promise<void>;
}

/**
 * Starts a provider on a free port of 127.0.0.1: chat, completions, Responses, embeddings, moderations and models.
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
  let underWay = 0;
  /** Whom a provider that serves one after the other serves before. */
  let served: Promise<unknown> = Promise.resolve();

  const server = createServer((message, response) => {
    // What rejects here is a client that left while it was being read.
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
    underWay: () => underWay,
    origin: String(port),
  };

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: LoggedRequest = await receive(message, received++, clock.now());
    log.push(request);
    if (log.length > maxRequests) log.shift();
    underWay += 1;
    const play = (): Promise<void> => send(scriptFor(request, state), response, request, { clock, onEnd });
    const onEnd = (): void => void (underWay -= 1);
    if (!state.defects.has('serialises')) return play();
    served = served.then(play, play);
    await served;
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

/** A function of the test's own that throws is seen by the client, as 500 with its message. */
function scriptFor(request: ReceivedRequest, state: ProviderState): Script {
  try {
    return respond(request, state);
  } catch (error) {
    return errorScript(errorReply(500, { message: String(error) }));
  }
}

type LoggedRequest = { -readonly [Field in keyof ReceivedRequest]: ReceivedRequest[Field] };

/** Plays the script, and notes what became of the request. */
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
  // A client may ask again as soon as it has read the end, which is before the connection tells.
  const end = script.findIndex((step) => step.step === 'end');
  try {
    await playOnSocket(end < 0 ? script : script.slice(0, end), response, clock, gone.signal);
  } finally {
    onEnd();
  }
  if (end >= 0) await playOnSocket(script.slice(end), response, clock, gone.signal);
  request.aborted = !response.writableFinished && !breaks;
}

/* PART: Opens a server on a free loopback port. */

/** The port; rejects where none can be had. */
function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('A TCP server has a port'));
      else resolve(address.port);
    });
  });
}
