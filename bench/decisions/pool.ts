/** Distributes runs over all processors. */

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Task } from './worker.ts';

/** Runs all tasks. Resolves to their results in the order of the tasks. `onDone` gets the number of finished tasks. */
export async function runAll(
  tasks: readonly Task[],
  onDone: (count: number) => void,
): Promise<readonly (readonly (readonly number[])[])[]> {
  const results: (readonly (readonly number[])[])[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    while (next < tasks.length) {
      const place = next++;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(tasks[place]);
      // The worker answers each task with the numbers of its runs.
      const [answer] = (await once(worker, 'message')) as [readonly (readonly number[])[]];
      results[place] = answer;
      onDone(++done);
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}
