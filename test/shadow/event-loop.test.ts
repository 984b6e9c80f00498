/** Copies neither block the event loop nor keep answers in memory. */

import { expect, test } from 'vitest';
import { STREAM_BODY, ask, drain, within } from '../support/calls.ts';
import { ROLE, say, STOP } from '../support/chat-steps.ts';
import { runModule } from '../support/child-process.ts';
import { chat } from '../support/replies.ts';
import { shadowed } from './support/shadowed.ts';

/** A stream whose events all arrive in one chunk. */
function burst(words: number): Response {
  const event = (step: unknown): string => `data: ${JSON.stringify((step as { event: unknown }).event)}\n\n`;
  const text = [ROLE, ...Array.from({ length: words }, () => say('word ')), STOP].map(event).join('');
  return new Response(`${text}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } });
}

test('a copy that receives 10,000 chunks at once yields to other calls between them', async () => {
  const { ai, clock, providers } = shadowed();
  providers.script('gemini', () => burst(10_000));
  await within(clock, 0, ai.chat.completions.create(STREAM_BODY).then(drain));
  // All chunks have arrived, but the copy is still being read; real calls are answered meanwhile.
  expect(ai.canary.snapshot().shadow?.gemini?.running).toBe(1);
  providers.usually('gemini', chat());
  await within(clock, 0, ask(ai));
  expect(ai.canary.snapshot().shadow?.gemini?.running).toBeGreaterThan(0);
  for (let turns = 0; turns < 60; turns += 1) await clock.advance(0);
  expect(ai.canary.snapshot().shadow?.gemini).toMatchObject({ running: 0, calls: 2, successRate: 1 });
});

test('compared answers can be garbage-collected while the promise of the call is still held', async () => {
  const printed = await runModule(
    `
    import { setTimeout } from 'node:timers/promises';
    const { CanaryClient } = await import(LIBRARY);
    const refs = [];
    const compare = (_call, _real, shadow) => {
      refs.push(new WeakRef(shadow.body));
      return { score: 1 };
    };
    const message = { role: 'assistant', content: 'Hello.' };
    const ai = new CanaryClient({
      apiKey: 'test',
      fetch: async () => Response.json({ choices: [{ index: 0, message, finish_reason: 'stop' }] }),
      canary: {
        logger: { warn() {} },
        upstreams: { other: { baseURL: 'https://other.test/v1', apiKey: 'test' } },
        shadow: { upstream: 'other', share: 1, maxQueue: 100, compare },
      },
    });
    const promises = [];
    for (let call = 0; call < 20; call++) {
      promises.push(ai.chat.completions.create({ model: 'm', messages: [] }));
      await promises.at(-1);
    }
    for (let turn = 0; turn < 40 && (refs.length < 20 || refs.some((ref) => ref.deref())); turn++) {
      await setTimeout(25);
      gc();
    }
    console.log(refs.length, refs.filter((ref) => ref.deref()).length, promises.length, ai.canary.last(promises[0]).attempts.length);
  `,
    ['--expose-gc'],
  );
  expect(printed).toBe('20 0 20 2');
});
