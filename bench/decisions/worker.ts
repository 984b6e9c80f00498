/** A worker thread that runs tasks. */

import { parentPort } from 'node:worker_threads';
import { cases } from './cases.ts';

/** A range of runs of one case. */
export interface Task {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

parentPort?.on('message', ({ index, from, to }: Task) => {
  const results = Array.from({ length: to - from }, (_, offset) => cases[index]!.run(from + offset));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(results);
});
