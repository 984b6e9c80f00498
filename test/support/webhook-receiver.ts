/** A receiver of webhooks on the loopback interface. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** One received request. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** Resolves when `count` requests have been received and answered. */
  received(count: number): Promise<void>;
}

/** Starts a receiver. It answers with these statuses in turn, then with 204; `'silence'` never answers. */
export async function startReceiver(answers: readonly (number | 'silence')[] = []): Promise<WebhookReceiver> {
  const deliveries: Delivery[] = [];
  const answered = new EventTarget();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const answer = answers[deliveries.length] ?? 204;
    if (answer !== 'silence') {
      const location = answer >= 300 && answer < 400 ? { location: '/elsewhere' } : {};
      response.writeHead(answer, location).end();
    }
    deliveries.push({ headers: request.headers, body });
    answered.dispatchEvent(new Event('delivery'));
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // an object, because the server listens on TCP
  return {
    url: `http://127.0.0.1:${port}/hook`,
    deliveries,
    async received(count) {
      while (deliveries.length < count) await once(answered, 'delivery');
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
