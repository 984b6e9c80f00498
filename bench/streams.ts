/**
 * The cost of a stream through `CanaryClient` compared with the bare SDK, with an in-memory `fetch`. Each client is measured in turns
 * with a bare one, in a process of their own. Targets: at most 20 µs to the first content, at most 1 µs per chunk.
 *
 *   npm run bench
 */

import type { StreamsGiven } from './contenders/streams.ts';
import { measureBeside, median, medianDifference, medianRatio, type RoundOptions } from './measure.ts';

const STREAMS = new URL('./contenders/streams.ts', import.meta.url);
const CHUNKS = 400;
const often: RoundOptions = { rounds: 200, times: 50, warmUp: 15_000 };

console.log('\nstreams in memory, one at a time, in µs');
await print('to the first content', { chunks: 3, toFirst: true }, often);
await print('three chunks and usage', { chunks: 3, toFirst: false }, often);
// A stream has many chunks, so their code is compiled after fewer streams.
await print(
  `per chunk, over ${CHUNKS} chunks`,
  { chunks: CHUNKS, toFirst: false },
  { rounds: 60, times: 10, warmUp: 600 },
  CHUNKS,
);

async function print(title: string, given: StreamsGiven, options: RoundOptions, parts = 1): Promise<void> {
  console.log(`\n${title.padEnd(36)}    openai    canary      more     ratio`);
  for (const name of ['off', 'on']) {
    const { bare, it } = await measureBeside(STREAMS, name, given, options);
    const figures = [median(bare), median(it), medianDifference(it, bare)].map((us) => us / parts);
    const cells = [...figures, medianRatio(it, bare)].map((figure) => figure.toFixed(2).padStart(10));
    console.log(`  openai-canary, ${name}`.padEnd(36) + cells.join(''));
  }
}
