/** An answer that is garbage-collected unread is cancelled. */

import { describe, expect, test } from 'vitest';
import { runModule } from '../support/child-process.ts';

/** A server of two providers that begin every answer and never end it, and a client of both. */
const SCENE = `
  import { createServer } from 'node:http';
  const { CanaryClient } = await import(LIBRARY);
  const { ManualClock } = await import(new URL('testing/index.ts', LIBRARY));
  const clock = new ManualClock();
  const emitted = [];
  const asked = [];
  let [open, status] = [0, 200];
  const server = createServer((request, response) => {
    asked.push(request.url.split('/')[1]);
    open += 1;
    response.on('close', () => (open -= 1));
    response.writeHead(status, { 'content-type': request.url.includes('embeddings') ? 'application/json' : 'text/event-stream' });
    if (status !== 200) return response.end();
    const choices = [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }];
    response.write(request.url.includes('embeddings') ? '{"data":' : 'data: ' + JSON.stringify({ choices }) + '\\n\\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseURL = 'http://127.0.0.1:' + server.address().port;
  const ai = new CanaryClient({
    baseURL: baseURL + '/openai',
    apiKey: 'key',
    maxRetries: 0,
    canary: {
      clock,
      logger: { warn() {} },
      upstreams: { gemini: { baseURL: baseURL + '/gemini', apiKey: 'key' } },
      weights: { gemini: 1 },
      ...CANARY,
    },
  });
  ai.canary.on('attempt', (one) => emitted.push(one.outcome + (one.usageEstimated ? ', estimated' : '')));
  ai.canary.on('call', (one) => emitted.push('call ' + one.outcome));
  process.on('unhandledRejection', (error) => emitted.push('unhandled ' + error));
  const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true };
  // A stream is watched for garbage collection once it has been read for two seconds.
  const growOld = () => clock.advance(2_000);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
  const until = async (holds, collect) => {
    for (let turns = 0; turns < 400 && !holds(); turns += 1) {
      await turn();
      if (collect) gc();
    }
  };
  const WAYS = {
    stream: async () => void (await ai.chat.completions.create(body)),
    iterator: async () => void (await (await ai.chat.completions.create(body))[Symbol.asyncIterator]().next()),
    tee: async () => void (await ai.chat.completions.create(body)).tee()[0],
    raw: async () => void (await ai.chat.completions.create(body).asResponse()),
    promise: async () => void ai.embeddings.create({ model: 'm', input: 'Hi' }),
    streamPromise: async () => void ai.chat.completions.create(body),
  };
`;

/** The events after an answer was dropped, and the number of connections that are still open. */
async function dropAnswer(way: string, canary = '{}'): Promise<unknown> {
  const printed = await runModule(
    `
    const CANARY = ${canary};
    ${SCENE}
    await WAYS.${way}();
    await until(() => asked.length === 1);
    await growOld();
    await until(() => emitted.length > 1 && open === 0, true);
    console.log(JSON.stringify({ emitted, open }));
    process.exit();
  `,
    ['--expose-gc'],
  );
  return JSON.parse(printed);
}

describe('ends as aborted and closes its connection', () => {
  test.each(['stream', 'iterator', 'tee', 'raw'])('a stream that is not read to its end: %s', async (way) => {
    expect(await dropAnswer(way)).toEqual({ emitted: ['aborted, estimated', 'call aborted'], open: 0 });
  });

  test.each(['promise', 'streamPromise'])('a call whose promise is dropped: %s', async (way) => {
    expect(await dropAnswer(way)).toEqual({ emitted: ['aborted', 'call aborted'], open: 0 });
  });

  test('a stream that is recorded for the cache', async () => {
    const cache = '{ cache: { when: () => true } }';
    expect(await dropAnswer('stream', cache)).toEqual({ emitted: ['aborted, estimated', 'call aborted'], open: 0 });
  });
});

test('does not cancel a stream that can still be read', async () => {
  const printed = await runModule(
    `
    const CANARY = {};
    ${SCENE}
    const promise = ai.chat.completions.create(body);
    const iterator = (await ai.chat.completions.create(body))[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    await growOld();
    for (let turns = 0; turns < 10; turns += 1) {
      await turn();
      gc();
    }
    console.log(JSON.stringify({ emitted, open }));
    void [promise, next, iterator];
    process.exit();
  `,
    ['--expose-gc'],
  );
  expect(JSON.parse(printed)).toEqual({ emitted: [], open: 2 });
});

const PLACES: readonly (readonly [string, string, string])[] = [
  [
    'the probe of a half-open breaker',
    '{ breaker: { consecutive: 1, openFor: 1_000 } }',
    'status = 503; await ai.chat.completions.create(body).catch(() => undefined); status = 200; await clock.advance(1_000);',
  ],
  ['the slot of a limit', '{ limits: { gemini: { concurrency: 1 } } }', ''],
];

test.each(PLACES)('releases %s', async (_name, canary, prepare) => {
  const printed = await runModule(
    `
    const CANARY = ${canary};
    ${SCENE}
    ${prepare}
    asked.length = 0;
    await WAYS.stream();
    const kept = await ai.chat.completions.create(body);
    emitted.length = 0;
    await growOld();
    await until(() => emitted.length === 2, true);
    await WAYS.stream();
    console.log(JSON.stringify(asked));
    void kept.controller;
    process.exit();
  `,
    ['--expose-gc'],
  );
  expect(JSON.parse(printed)).toEqual(['gemini', 'openai', 'gemini']);
});
