/**
 * The heap after calls with everything on: it must not grow with them. What is bounded fills up first (a thousand keys, the days'
 * largest spenders, the windows).
 *
 *   node --expose-gc bench/memory.ts
 */

import { answerText } from './bodies.ts';
import { callsWith, FEATURES } from './everything.ts';

const { gc } = globalThis;
if (!gc) throw new Error('node --expose-gc bench/memory.ts');

const headers = { 'content-type': 'application/json' };
const { ai, call } = callsWith(FEATURES, { fetch: async () => new Response(answerText, { headers }) });
console.log('   calls   heap after a collection');
for (let calls = 0; calls <= 200_000; calls += 1) {
  if (calls % 25_000 === 0) {
    gc();
    console.log(`${calls.toString().padStart(8)}   ${(process.memoryUsage().heapUsed / 2 ** 20).toFixed(2)} MiB`);
  }
  await call();
}
ai.canary.close();
