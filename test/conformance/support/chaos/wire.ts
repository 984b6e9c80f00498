/** Counts the requests of each call on the network, from Node's diagnostics channels. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The header with the number of the call. */
export const CALL_HEADER = 'x-chaos-call';

/** The requests of one call at one provider. */
export interface WireCount {
  /** Requests that the client wrote to a socket. */
  sent: number;
  /** Requests whose headers the server has read. */
  received: number;
}

export class Wire implements Disposable {
  readonly #counts = new Map<string, WireCount>();
  readonly #sockets = new Set<Socket>();
  readonly #inFlight = new Set<object>();
  readonly #subscriptions: readonly (readonly [string, (message: unknown) => void])[];

  constructor() {
    // Node and undici, which implements Node's `fetch`, document the shapes of these messages.
    this.#subscriptions = [
      ['undici:request:create', (message) => void this.#inFlight.add((message as { request: object }).request)],
      ['undici:request:trailers', (message) => void this.#inFlight.delete((message as { request: object }).request)],
      ['undici:request:error', (message) => void this.#inFlight.delete((message as { request: object }).request)],
      ['undici:client:sendHeaders', (message) => this.#onSent(message as { headers: string; socket: Socket })],
      ['http.server.request.start', (message) => this.#onReceived((message as { request: IncomingMessage }).request)],
      ['net.server.socket', (message) => this.#onSocket((message as { socket: Socket }).socket)],
    ];
    for (const [name, listener] of this.#subscriptions) subscribe(name, listener);
  }

  /** Open connections to servers of this process. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Requests of `fetch` whose answer was neither read to its end nor cancelled. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  count(port: number, call: number): Readonly<WireCount> {
    return this.#counts.get(`${port}/${call}`) ?? { sent: 0, received: 0 };
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#subscriptions) unsubscribe(name, listener);
  }

  #onSent({ headers, socket }: { readonly headers: string; readonly socket: Socket }): void {
    const call = new RegExp(`^${CALL_HEADER}: (\\d+)`, 'im').exec(headers)?.[1];
    if (call !== undefined) this.#countOf(socket.remotePort, call).sent += 1;
  }

  #onReceived({ headers, socket }: IncomingMessage): void {
    const call = headers[CALL_HEADER];
    if (typeof call === 'string') this.#countOf(socket.localPort, call).received += 1;
  }

  #onSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #countOf(port: number | undefined, call: string): WireCount {
    const key = `${port}/${call}`;
    let count = this.#counts.get(key);
    if (!count) this.#counts.set(key, (count = { sent: 0, received: 0 }));
    return count;
  }
}
