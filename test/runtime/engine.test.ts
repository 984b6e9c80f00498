/** The lifetime of the engine and its timers. */

import { expect, test } from 'vitest';
import { runModule } from '../support/child-process.ts';

const ALERTS = `alerts: [{ name: 'a', metric: 'errorRate', above: 0.5 }]`;

test('a process with alerts and a listener of metrics exits when no call is in flight', async () => {
  const printed = await runModule(`
    const { CanaryClient } = await import(LIBRARY);
    const ai = new CanaryClient({ canary: { ${ALERTS}, metricsInterval: '20ms' } });
    ai.canary.on('metrics', () => console.log('metrics'));
    console.log('begun');
  `);
  expect(printed).toBe('begun');
});

test('a process does not exit while a call waits in a back-off', async () => {
  const printed = await runModule(`
    const { CanaryClient } = await import(LIBRARY);
    const replies = [new Response('{}', { status: 503, headers: { 'retry-after-ms': '200' } }), Response.json({ choices: [{ message: {} }] })];
    const ai = new CanaryClient({ fetch: async () => replies.shift(), canary: { logger: { warn() {} } } });
    ai.chat.completions.create({ model: 'm', messages: [] }).then(() => console.log('answered'));
  `);
  expect(printed).toBe('answered');
});

test.each([
  ['alerts', `{ ${ALERTS} }`, ``],
  ['a listener of metrics', `{ metricsInterval: '20ms' }`, `ai.canary.on('metrics', () => {});`],
])('an unreferenced client with %s is garbage-collected without close()', async (_name, canary, more) => {
  const printed = await runModule(
    `
    import { setTimeout } from 'node:timers/promises';
    const { CanaryClient } = await import(LIBRARY);
    function forget() {
      const ai = new CanaryClient({ canary: ${canary} });
      // Only the engine references its listeners.
      const listener = () => {};
      ai.canary.on('call', listener);
      ${more}
      return new WeakRef(listener);
    }
    const held = forget();
    for (let turn = 0; turn < 40 && held.deref(); turn++) {
      await setTimeout(50);
      gc();
    }
    console.log(held.deref() ? 'held' : 'collected');
  `,
    ['--expose-gc'],
  );
  expect(printed).toBe('collected');
});
