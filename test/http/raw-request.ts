/** Requests as bytes, which a client library would refuse to send. */

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** Sends `bytes`, and resolves to all that the server answers until it closes the connection. */
export async function sendRaw(port: number, bytes: string | Uint8Array): Promise<string> {
  const { socket, received } = await openRaw(port);
  socket.write(bytes);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return received();
}

/** An open connection, and what it has received so far. */
export async function openRaw(port: number): Promise<{ readonly socket: Socket; readonly received: () => string }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
  // A server may reset the connection.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, received: () => text };
}
