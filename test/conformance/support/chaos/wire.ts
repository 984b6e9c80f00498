/** What goes over the wires of this process, by the call that it is about: what Node's own channels tell. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The header that says which call a request is for. */
export const CALL_HEADER = 'x-chaos-call';

/** Requests of one call at one provider. */
export interface WireCount {
  /** Written to a socket by the client. */
  sent: number;
  /** Whose head the server has read. */
  received: number;
}

export class Wire implements Disposable {
  readonly #counts = new Map<string, WireCount>();
  readonly #sockets = new Set<Socket>();
  readonly #underWay = new Set<object>();
  readonly #subscriptions: readonly (readonly [string, (message: unknown) => void])[];

  constructor() {
    // The shapes of these messages are documented by Node and by undici, which is its `fetch`.
    this.#subscriptions = [
      ['undici:request:create', (message) => void this.#underWay.add((message as { request: object }).request)],
      ['undici:request:trailers', (message) => void this.#underWay.delete((message as { request: object }).request)],
      ['undici:request:error', (message) => void this.#underWay.delete((message as { request: object }).request)],
      ['undici:client:sendHeaders', (message) => this.#onSent(message as { headers: string; socket: Socket })],
      ['http.server.request.start', (message) => this.#onReceived((message as { request: IncomingMessage }).request)],
      ['net.server.socket', (message) => this.#onSocket((message as { socket: Socket }).socket)],
    ];
    for (const [name, listener] of this.#subscriptions) subscribe(name, listener);
  }

  /** Connections that servers of this process hold. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Requests of `fetch` whose answer has neither been read to its end nor given up. */
  get underWay(): number {
    return this.#underWay.size;
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
