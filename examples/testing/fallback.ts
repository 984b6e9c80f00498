/**
 * Tests the fallback of an application against a simulated provider that always fails. Run: node
 * examples/testing/fallback.ts
 */

import assert from 'node:assert/strict';
import { CanaryClient } from '../../src/index.ts';
import { collectEvents, startProvider } from '../../src/testing/index.ts';

await using overloaded = await startProvider({ errorRate: 1, errorMix: [{ status: 503, weight: 1 }] });
await using spare = await startProvider({ answer: 'At your service.' });

await using ai = new CanaryClient({
  baseURL: overloaded.url,
  apiKey: 'test',
  canary: {
    upstreams: {
      spare: {
        baseURL: spare.url,
        apiKey: 'test',
        model: 'deepseek-v3.2',
        price: { inputPerMTok: 0.42, outputPerMTok: 1.2 },
      },
    },
    fallbacks: ['spare'],
    retry: { minDelay: 1 },
  },
});
using events = collectEvents(ai, ['fallback', 'call']);

const answer = await ai.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello?' }] });

assert.equal(answer.choices[0]?.message.content, 'At your service.');
assert.equal(spare.requests[0]?.model, 'deepseek-v3.2');
assert.deepEqual(
  events.of('fallback').map(({ from, to, reason }) => ({ from, to, reason })),
  [{ from: 'openai', to: 'spare', reason: 'server' }],
);
assert.equal(events.of('call')[0]?.outcome, 'success');
console.log('The spare upstream answered:', answer.choices[0]?.message.content);
