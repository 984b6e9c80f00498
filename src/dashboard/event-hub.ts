/** The open pages: each is a stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */

import { randomUUID } from 'node:crypto';
import { systemClock } from '../time/system-clock.ts';
import type { Timer } from '../time/clock.ts';
import type { PageState } from './page-state.ts';
import type { Recorder } from './recorder.ts';

/** Proxies and browsers close a silent connection after a minute or so. */
const HEARTBEAT_MS = 15_000;
/** A page connects again, and is authorized again, after this time. */
const MAX_AGE_MS = 900_000;
/** A page that has not read this many bytes gets no more for now. */
const MAX_UNREAD = 65_536;
/** A page that has read nothing for this long is gone, in ms. */
export const MAX_LAG_MS = 60_000;
/** Several decisions at once are one update. */
const SOON_MS = 50;

export interface EventHubInput {
  readonly state: () => Promise<PageState>;
  readonly recorder: Recorder;
  readonly updateMs: number;
  readonly maxClients: number;
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

interface Client {
  readonly controller: Controller;
  readonly endsAtMs: number;
  /** The number of the latest sample that it has. */
  sample: number | undefined;
  /** How many lines its charts have. A new line needs all samples again. */
  lines: number;
  sentAtMs: number;
}

/** Without an open page it does nothing, and has no timer. */
export class EventHub {
  readonly #input: EventHubInput;
  readonly #clients = new Set<Client>();
  /** Sample numbers of another process mean nothing here. */
  readonly #id: string = randomUUID().slice(0, 8);
  #timer: Timer | undefined;
  #heart: Timer | undefined;
  #isUpdating = false;
  #isClosed = false;

  constructor(input: EventHubInput) {
    this.#input = input;
  }

  /** The number of open pages. */
  get size(): number {
    return this.#clients.size;
  }

  /**
   * The events of a new page: the state, then the samples after those it has.
   *
   * @param lastEventId what the page says of the latest samples that it has
   * @returns `undefined` if too many pages are open
   */
  open(lastEventId: string | null, signal: AbortSignal): ReadableStream<Uint8Array> | undefined {
    if (this.#isClosed || this.#clients.size >= this.#input.maxClients) return undefined;
    let client: Client | undefined;
    const leave = (): void => {
      signal.removeEventListener('abort', left);
      if (client) this.#clients.delete(client);
      if (this.#clients.size === 0) this.#stop();
    };
    const left = (): void => {
      if (client) close(client);
      leave();
    };
    const [id, number] = (lastEventId ?? '').split('.');
    const sample = id === this.#id && /^\d{1,12}$/.test(number ?? '') ? Number(number) : undefined;
    const start = (controller: Controller): void => {
      const nowMs = systemClock.now();
      client = { controller, sample, lines: 0, sentAtMs: nowMs, endsAtMs: nowMs + MAX_AGE_MS };
      if (signal.aborted) return left();
      signal.addEventListener('abort', left, { once: true });
      this.#clients.add(client);
      controller.enqueue(encode('retry: 2000\n\n'));
      this.updateSoon();
      this.#heart ??= systemClock.setTimeout(() => this.#beat(), HEARTBEAT_MS);
    };
    return new ReadableStream<Uint8Array>({ start, cancel: leave }, { highWaterMark: MAX_UNREAD, size: byteLength });
  }

  /** Sends an update at once. */
  updateSoon(): void {
    if (this.#clients.size > 0) this.#schedule(SOON_MS);
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) close(client);
    this.#clients.clear();
    this.#stop();
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = systemClock.setTimeout(() => void this.#update(), delayMs);
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#heart?.cancel();
    this.#heart = undefined;
  }

  /** A comment keeps a connection open while a store does not answer, or updates are rare. */
  #beat(): void {
    for (const { controller } of this.#clients) if (hasRoom(controller)) controller.enqueue(encode(':\n\n'));
    this.#heart = systemClock.setTimeout(() => this.#beat(), HEARTBEAT_MS);
  }

  async #update(): Promise<void> {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    const event = await this.#input.state().then(
      (state) => eventOf('state', state),
      // A message of a store may show its address, which may hold a password.
      (error: unknown) => eventOf('problem', { problem: `The numbers cannot be read (${nameOf(error)})` }),
    );
    this.#isUpdating = false;
    const nowMs = systemClock.now();
    for (const client of this.#clients) this.#send(client, event, nowMs);
    if (this.#clients.size > 0) this.#schedule(this.#input.updateMs);
  }

  /** A state replaces all earlier ones, so a page that reads slowly misses some of them. */
  #send(client: Client, event: Uint8Array, nowMs: number): void {
    const { controller } = client;
    const isSlow = !hasRoom(controller);
    if (nowMs >= client.endsAtMs || (isSlow && nowMs - client.sentAtMs >= MAX_LAG_MS)) {
      this.#clients.delete(client);
      return close(client);
    }
    if (isSlow) return;
    client.sentAtMs = nowMs;
    controller.enqueue(event);
    const { recorder } = this.#input;
    if (client.sample === recorder.latest) return;
    const known = client.lines === 0 || client.lines === recorder.lines ? client.sample : undefined;
    const samples = recorder.after(known);
    client.sample = recorder.latest;
    client.lines = recorder.lines;
    controller.enqueue(eventOf('samples', samples, `${this.#id}.${client.sample}`));
  }
}

function close({ controller }: Client): void {
  try {
    controller.close();
  } catch {
    // The page has cancelled it.
  }
}

const byteLength = (chunk: Uint8Array): number => chunk.byteLength;
const hasRoom = ({ desiredSize }: Controller): boolean => (desiredSize ?? 0) > 0;

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);

/** JSON has no line breaks of its own. */
function eventOf(name: string, data: unknown, id?: string): Uint8Array {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return encode(`event: ${name}\n${idLine}data: ${JSON.stringify(data)}\n\n`);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
