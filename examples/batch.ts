/**
 * Makes 60 calls, at most eight in flight, with a progress bar on a terminal and plain lines elsewhere. Run: node
 * examples/batch.ts
 */

import { setTimeout as wait } from 'node:timers/promises';
import { CanaryClient, type BatchProgress } from '../src/index.ts';
import { startProvider } from '../src/testing/index.ts';

const REVIEWS = 60;

await using provider = await startProvider({ answer: 'positive' });
await using ai = new CanaryClient({
  baseURL: provider.url,
  apiKey: 'test',
  canary: {
    // The simulated provider is not in the price list.
    prices: { openai: { inputPerMTok: 0.4, outputPerMTok: 1.6 } },
  },
});

/**
 * A generator: the batch takes the next call only when it can start it, so a million calls need no more memory than
 * sixty.
 */
async function* reviews() {
  for (let number = 1; number <= REVIEWS; number += 1) {
    const content = `Is review ${number} positive or negative?`;
    yield async () => {
      await wait(20);
      return ai.chat.completions.create({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content }] });
    };
  }
}

function show({ done, total = 0, callsPerSecond, remainingMs = 0, costUsd }: BatchProgress): void {
  const filled = Math.round((20 * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(20 - filled);
  const pace = `${callsPerSecond.toFixed(0)} calls/s, ${(remainingMs / 1_000).toFixed(1)} s left, $${costUsd.toFixed(6)}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${bar} ${done}/${total}, ${pace} `);
  else if (done % 20 === 0) console.log(`${done}/${total}, ${pace}`);
}

let served = 0;
for await (const result of ai.canary.batch(reviews(), { concurrency: 8, total: REVIEWS, onProgress: show })) {
  if (result.ok) served += 1;
  else console.error(`Review ${result.index + 1} failed: ${String(result.error)}`);
}
if (process.stdout.isTTY) console.log();
console.log(`${served} of ${REVIEWS} reviews classified`);
