/** A worker thread that runs tasks. */

import { parentPort } from 'node:worker_threads';
import { tables } from './cases.ts';

/** A range of runs of one case. */
export interface Task {
  readonly table: string;
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

async function run({ table, index, from, to }: Task): Promise<void> {
  const results: (readonly number[])[] = [];
  for (let seed = from; seed < to; seed += 1) results.push(await tables[table]![index]!.run(seed));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(results);
}

parentPort?.on('message', (task: Task) => void run(task));
