/** Serves a live page on the loopback interface. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dashboard, DashboardOptions } from '../dashboard/index.ts';
import { createTokenCheck } from '../http/bearer-tokens.ts';
import { isLocalRequest } from '../http/loopback.ts';
import { UsageError } from './usage-error.ts';

export interface ServedPage extends AsyncDisposable {
  /** `http://127.0.0.1:4141/`. */
  readonly url: string;
}

/** @throws UsageError if the port is taken */
export async function servePage(dashboard: Dashboard, port: number): Promise<ServedPage> {
  const server = createServer(dashboard.node).listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    dashboard.close();
    throw new UsageError(`Port ${port} cannot be opened: choose another one with --port`, { cause: error });
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      dashboard.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Lets this machine read, and change with a token. */
export function isOwnPage(token: string): NonNullable<DashboardOptions['authorize']> {
  const check = createTokenCheck('token', { page: token });
  return (request, wish, peer) =>
    isLocalRequest(request, peer) && (wish === 'read' || check(request.headers.get('authorization')) !== undefined);
}
