/**
 * A proxy with sticky sessions, an A/B split and metrics. Applications in any language change their base URL; each user stays with one model,
 * also when the split changes. Run: node examples/articles/sticky-proxy.ts
 */

import { Registry } from '@prometheus-io/client';
import { createGateway } from '../../src/gateway/index.ts';
import { CanaryClient } from '../../src/index.ts';
import { prometheusExporter } from '../../src/prometheus/index.ts';
import { startProvider } from '../../src/testing/index.ts';

const USERS = 200;
const [TOKEN, ADMIN] = ['token-of-the-app', 'token-of-the-operator'];
await using openai = await startProvider();
await using deepseek = await startProvider();
await using ai = new CanaryClient({
  baseURL: openai.url,
  apiKey: 'test',
  canary: {
    upstreams: { deepseek: { baseURL: deepseek.url, apiKey: 'test', model: 'deepseek-v3.2' } },
    weights: { openai: 80, deepseek: 20 },
    // The simulated providers are not in the price list.
    prices: {
      openai: { inputPerMTok: 2, outputPerMTok: 8 },
      deepseek: { inputPerMTok: 0.28, outputPerMTok: 0.42 },
    },
  },
});
const registry = new Registry();
prometheusExporter(ai, { registry });
const gateway = createGateway(ai, { auth: { app: TOKEN }, admin: { operator: ADMIN }, metrics: registry });
const { url } = await gateway.listen({ port: 0 });

/** Sends a question through the proxy. Resolves to the upstream that answered. */
async function ask(user: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'x-user-id': `user-${user}`,
      ...headers,
    },
    body: JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello!' }] }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response.headers.get('x-canary-upstream') ?? 'none';
}

/** Who answers each user, in so many calls of each. */
async function sessions(calls: number): Promise<ReadonlySet<string>[]> {
  const seen = Array.from({ length: USERS }, () => new Set<string>());
  for (let call = 0; call < calls; call += 1) {
    await Promise.all(seen.map(async (upstreams, user) => upstreams.add(await ask(user))));
  }
  return seen;
}

const count = (seen: readonly ReadonlySet<string>[], ...names: readonly string[]): number =>
  seen.filter((one) => one.size === names.length && names.every((name) => one.has(name))).length;

const before = await sessions(5);
console.log(`${USERS} users, 5 calls each, 80/20:`);
console.log(
  `  only openai ${count(before, 'openai')}, only deepseek ${count(before, 'deepseek')}, both ${count(before, 'openai', 'deepseek')}`,
);

const onOpenai = before.findIndex((one) => one.has('openai'));
console.log(`\nX-Canary: true sends a user of openai to ${await ask(onOpenai, { 'x-canary': 'true' })} for one call.`);

const changed = await fetch(`${url}/admin/weights`, {
  method: 'PUT',
  headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
  body: JSON.stringify({ openai: 0.5, deepseek: 0.5 }),
});
const after = await sessions(1);
const moved = (from: string, to: string): number =>
  after.filter((one, user) => before[user]!.has(from) && one.has(to)).length;
console.log(`\nThe split is 50/50 now (${changed.status}):`);
console.log(
  `  from openai to deepseek ${moved('openai', 'deepseek')}, from deepseek to openai ${moved('deepseek', 'openai')}`,
);

const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${ADMIN}` } });
console.log('\nWhat Prometheus reads:');
for (const line of (await metrics.text()).split('\n')) {
  if (/^openai_canary_calls_total.*success/.test(line)) console.log(`  ${line}`);
}
await gateway.close();
