/** A loopback TCP proxy that delays, cuts or garbles a connection. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What the proxy does.
 *
 * - `cut`: drops every byte, as a network that is cut: connections stay open, and nothing arrives.
 * - `closed`: closes every connection, and each new one.
 * - `garbage`: answers with something that is no answer.
 */
export type ProxyMode =
  { readonly kind: 'pass' | 'cut' | 'closed' | 'garbage' } | { readonly kind: 'delay'; readonly delayMs: number };

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  set(mode: ProxyMode): void;
  /** Sends new connections to another port, and closes those that are open. */
  redirect(port: number): void;
}

/** Starts a proxy in front of `port` on the loopback interface. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  let target = port;
  let mode: ProxyMode = { kind: 'pass' };
  const sockets = new Set<Socket>();
  const closeAll = (): void => sockets.forEach((socket) => socket.destroy());
  const server = createServer((near) => {
    if (mode.kind === 'closed') return void near.destroy();
    const far = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (bytes) => {
      if (mode.kind === 'garbage') return void near.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      if (mode.kind !== 'cut') far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (mode.kind === 'delay') setTimeout(() => near.writable && near.write(bytes), mode.delayMs);
      else if (mode.kind === 'pass') near.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      // What was dropped would be missing in the middle of a connection.
      if (mode.kind === 'cut' || mode.kind === 'garbage' || next.kind === 'closed') closeAll();
      mode = next;
    },
    redirect: (next) => {
      target = next;
      closeAll();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      closeAll();
      await closed;
    },
  };
}
