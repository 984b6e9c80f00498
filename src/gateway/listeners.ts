/** The HTTP servers of a gateway, with limits against slow requests. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkDuration, checkKeys, checkNumber, checkText } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { isLoopbackHost } from '../http/loopback.ts';
import type { NodeHandler } from '../http/node-handler.ts';
import type { ListenOptions } from './options.ts';

/** Where a gateway can be reached. */
export interface Listening {
  readonly port: number;
  /** `http://127.0.0.1:8787`; clients append `/v1`. */
  readonly url: string;
}

export class Listeners {
  readonly #servers = new Set<Server>();

  /** @throws ConfigError; rejects if the port is taken */
  async listen(handler: NodeHandler, options: ListenOptions, hasTokens: boolean): Promise<Listening> {
    checkKeys('listen', options, ['port', 'host', 'requestTimeout']);
    const port = checkNumber('listen.port', options.port ?? 8787, { min: 0, max: 65_535, integer: true });
    const host = checkText('listen.host', options.host ?? '127.0.0.1', 'an address');
    if (!hasTokens && !isLoopbackHost(host.includes(':') ? `[${host}]` : host)) {
      throw new ConfigError(
        'listen.host',
        `should be a loopback address without the option auth, got ${JSON.stringify(host)}`,
      );
    }
    const requestTimeout = checkDuration('listen.requestTimeout', options.requestTimeout ?? '60s');
    const server = createServer(
      {
        requestTimeout,
        headersTimeout: Math.min(requestTimeout, HEADERS_MS),
        connectionsCheckingInterval: Math.min(requestTimeout / 2, CHECK_MS),
        // Longer than load balancers keep idle connections, which would otherwise send a request into one that closes.
        keepAliveTimeout: KEEP_ALIVE_MS,
        requireHostHeader: true,
      },
      handler,
    );
    this.#servers.add(server);
    server.listen(port, host);
    await once(server, 'listening').catch((error: unknown) => {
      this.#servers.delete(server);
      throw error;
    });
    const { port: bound } = server.address() as AddressInfo;
    return { port: bound, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` };
  }

  /**
   * Stops accepting connections, and closes each one that has no request. Resolves when all are closed.
   *
   * @param served resolves when the last response was handed over. It has a moment to reach its client, then what is left is disconnected.
   */
  async close(served: Promise<void>): Promise<void> {
    const servers = [...this.#servers];
    const closeIdle = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), IDLE_MS);
    const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    await served;
    const disconnect = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), FLUSH_MS);
    await closed;
    clearInterval(closeIdle);
    clearTimeout(disconnect);
    this.#servers.clear();
  }
}

const IDLE_MS = 20;
const FLUSH_MS = 2_000;
const HEADERS_MS = 10_000;
const CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;
