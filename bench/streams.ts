/**
 * What a stream through `CanaryClient` costs beside the bare SDK, in one run, with an in-memory `fetch` and each client in a process of
 * its own: to its first content, and for each chunk. To reach: at most 20 µs to the first content, at most 1 µs a chunk.
 *
 *   npm run bench
 */

import type { StreamsGiven } from './contenders/streams.ts';
import { measureApart, median, medianDifference, medianRatio, type RoundOptions } from './measure.ts';

const CHUNKS = 400;
const NAMES = ['bare', 'off', 'on'] as const;

const often: RoundOptions = { rounds: 200, times: 50, warmUp: 15_000 };
const first = await measureStreams({ chunks: 3, toFirst: true }, often);
const whole = await measureStreams({ chunks: 3, toFirst: false }, often);
// Chunks are many: their code is compiled sooner.
const all = await measureStreams({ chunks: CHUNKS, toFirst: false }, { rounds: 60, times: 10, warmUp: 600 });
const perChunk = (values: readonly number[]): number[] => values.map((us) => us / CHUNKS);

console.log('\nstreams in memory, one at a time');
print('to the first content', first.bare, first);
print('a stream of three chunks and usage', whole.bare, whole);
print(`a chunk, over ${CHUNKS}`, perChunk(all.bare), { off: perChunk(all.off), on: perChunk(all.on) });
process.exit();

function measureStreams(given: StreamsGiven, options: RoundOptions) {
  return measureApart(new URL('./contenders/streams.ts', import.meta.url), NAMES, given, options);
}

function print(title: string, bare: readonly number[], { off, on }: Readonly<Record<'off' | 'on', number[]>>): void {
  console.log(`\n${title.padEnd(36)}      µs   µs more     ratio`);
  for (const [name, values] of Object.entries({ openai: bare, 'openai-canary, off': off, 'openai-canary, on': on })) {
    const figures = [median(values), medianDifference(values, bare), medianRatio(values, bare)];
    console.log(`  ${name}`.padEnd(34) + figures.map((figure) => figure.toFixed(2).padStart(10)).join(''));
  }
}
