/** A server on the loopback interface for the length of a test. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeHandler } from '../../src/http/node-handler.ts';

export interface Served extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

export async function serve(handler: NodeHandler): Promise<Served> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
