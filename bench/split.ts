/**
 * Target: a decision of the split (the bucket of a key and its upstream) costs less than 0.1 µs for a key of 12 characters, even
 * with 64 ranges. A digest of `node:crypto` alone costs several times that.
 *
 * `node bench/split.ts`
 */

import { hash } from 'node:crypto';
import type { Ranges } from '../src/domain/call.ts';
import { bucketOf, createBucketer } from '../src/routing/bucket.ts';
import { chooseUpstream } from '../src/routing/split.ts';

const ROUNDS = 21;
const DECISIONS = 200_000;

const keys = Array.from({ length: 4_096 }, (_, index) => `user-${1_000_000 + index * 1_747}`);
const bucket = createBucketer('canary');
const twoRanges: Ranges = [
  [0.1, 'canary'],
  [1, 'openai'],
];
const manyRanges: Ranges = Array.from({ length: 64 }, (_, index) => [(index + 1) / 64, `upstream-${index % 8}`]);

console.table({
  'bucket and upstream, 2 ranges': measure((key) => chooseUpstream(twoRanges, bucket(key)).length),
  'bucket and upstream, 64 ranges': measure((key) => chooseUpstream(manyRanges, bucket(key)).length),
  'bucket, prepared salt': measure(bucket),
  'bucket, salt and key joined': measure((key) => bucketOf('canary', key)),
  'md5 of node:crypto': measure((key) => hash('md5', `canary:${key}`).length),
});

/** The median and the best time per decision over all batches. */
function measure(decide: (key: string) => number): Readonly<Record<'median ns' | 'best ns', number>> {
  const timesNs = Array.from({ length: ROUNDS }, () => batchNs(decide)).toSorted((one, other) => one - other);
  return { 'median ns': Math.round(timesNs[ROUNDS >> 1]!), 'best ns': Math.round(timesNs[0]!) };
}

function batchNs(decide: (key: string) => number): number {
  let sum = 0;
  const startedAt = process.hrtime.bigint();
  for (let index = 0; index < DECISIONS; index++) sum += decide(keys[index % keys.length]!);
  const tookNs = Number(process.hrtime.bigint() - startedAt);
  // The results are used, so that the compiler cannot remove the work.
  if (!Number.isFinite(sum)) throw new Error('the sum of the decisions should be a number');
  return tookNs / DECISIONS;
}
