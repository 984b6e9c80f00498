/** Plays an hour of an application instantly, with msw and a manual clock. Run: node examples/testing/time.ts */

import assert from 'node:assert/strict';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { CanaryClient } from '../../src/index.ts';
import { ManualClock, collectEvents, createHandlers } from '../../src/testing/index.ts';

const clock = new ManualClock();
const mock = createHandlers({ http, HttpResponse }, { clock });
const server = setupServer(mock.chat({ replies: [{ status: 500 }, { text: 'Hello again.' }], delayMs: 800 }));
server.listen({ onUnhandledFrame: 'error' });

await using ai = new CanaryClient({ apiKey: 'test', canary: { clock, metricsInterval: '10m' } });
using events = collectEvents(ai, ['retry', 'metrics']);

async function greet(): Promise<string | null | undefined> {
  const answer = await ai.chat.completions.create({
    model: 'gpt-4.1',
    messages: [{ role: 'user', content: 'Hello?' }],
  });
  return answer.choices[0]?.message.content;
}

const greeting = greet();
await clock.advance(60 * 60 * 1000);

assert.equal(await greeting, 'Hello again.');
assert.equal(events.of('retry').length, 1);
assert.equal(events.of('metrics').length, 6);
console.log('An hour passed:', events.of('retry').length, 'retry,', events.of('metrics').length, 'snapshots');

server.close();
