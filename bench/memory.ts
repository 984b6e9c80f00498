/**
 * The heap after calls with all features: it must not grow with the number of calls. Bounded state fills up first (1,000 keys,
 * each day's largest spenders, the windows).
 *
 *   node --expose-gc bench/memory.ts [calls]
 */

import { answerText } from './bodies.ts';
import { callsWith, FEATURES } from './everything.ts';

const { gc } = globalThis;
if (!gc) throw new Error('run this as: node --expose-gc bench/memory.ts');

const headers = { 'content-type': 'application/json' };
const { ai, call } = callsWith(FEATURES, { fetch: async () => new Response(answerText, { headers }) });
console.log('   calls   heap after garbage collection');
const CALLS = Number(process.argv[2] ?? 200_000);
for (let calls = 0; calls <= CALLS; calls += 1) {
  if (calls % (CALLS / 8) === 0) {
    gc();
    console.log(`${calls.toString().padStart(8)}   ${(process.memoryUsage().heapUsed / 2 ** 20).toFixed(2)} MiB`);
  }
  await call();
}
void ai.canary.close();
