/**
 * A service that moves traffic to a new model and answers `GET /metrics`, with two simulated providers. Scrape it with Prometheus, load
 * `alerts.yml`, and import `../grafana/dashboard.json` into Grafana. Run: node examples/prometheus/server.ts [port]
 */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from '@prometheus-io/client';
import { CanaryClient, route } from '../../src/index.ts';
import { prometheusExporter } from '../../src/prometheus/index.ts';
import { startProvider } from '../../src/testing/index.ts';

await using good = await startProvider({ answer: 'At your service.' });
await using next = await startProvider({ answer: 'At your service.', errorRate: 0.02 });
await using ai = new CanaryClient({
  baseURL: good.url,
  apiKey: 'none',
  canary: {
    upstreams: { next: { baseURL: next.url, apiKey: 'none', model: 'gpt-4.1-mini' } },
    rollout: { to: 'next', steps: [{ weight: 0.2, hold: '10m' }, { weight: 1 }] },
    prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, next: { inputPerMTok: 0.4, outputPerMTok: 1.6 } },
    logger: { warn: () => undefined }, // it would ask for a store
  },
});

const registry = new Registry();
using _exporter = prometheusExporter(ai, { registry, labels: { service: 'example' } });

async function answerScrape(response: ServerResponse): Promise<void> {
  response.setHeader('content-type', registry.contentType).end(await registry.metrics());
}

const server = createServer(({ method, url }, response) => {
  if (method === 'GET' && url === '/metrics') void answerScrape(response);
  else response.writeHead(404).end();
});
const stopped = new AbortController();
process.once('SIGINT', () => stopped.abort());
server.listen(Number(process.argv[2] ?? 9464), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics, until Ctrl-C`);
});

for (let user = 0; !stopped.signal.aborted; user += 1) {
  const body = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Hello?' }] };
  await ai.chat.completions.create(body, route({ key: `user-${user}` })).catch(() => undefined);
  await sleep(20);
}
server.close();
server.closeAllConnections();
