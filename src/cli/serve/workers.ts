/** Several processes of the gateway on one port, by `node:cluster`. */

import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { CommandContext } from '../command.ts';
import { DONE, FAILED } from '../exit-codes.ts';
import { mergeMetrics } from './merge-metrics.ts';

/** A worker asks for the metrics of all, and the first process asks each worker for its own. */
type Message =
  | { readonly type: 'metrics'; readonly id: number; readonly text?: string }
  | { readonly type: 'ownMetrics'; readonly id: number; readonly text?: string };

/**
 * Runs `count` workers, each with the arguments of this process, until `signal` is aborted or SIGTERM arrives. A worker that ends is replaced; if
 * one ends before any has served, all end with its exit code, since its configuration is wrong.
 */
export async function runWorkers(
  count: number,
  drainMs: number,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const stopped = new AbortController();
  let exitCode = DONE;
  const stop = (): void => stopped.abort();
  /** A worker that is not serving yet reads the present configuration anyway, and a signal would end it. */
  const serving = new Set<number>();
  let hasServed = false;
  const hangup = (): void => eachWorker((worker) => serving.has(worker.id) && worker.process.kill('SIGHUP'));
  process.once('SIGTERM', stop);
  process.on('SIGHUP', hangup);
  signal.addEventListener('abort', stop);
  const start = (index: number): void => {
    const worker = cluster.fork({ OPENAI_CANARY_WORKER: String(index) });
    worker.once('listening', () => {
      serving.add(worker.id);
      hasServed = true;
    });
    worker.on('message', (message: Message) => void answer(worker, message));
    worker.once('exit', (code) => {
      serving.delete(worker.id);
      if (stopped.signal.aborted) return;
      if (!hasServed) {
        exitCode = code || FAILED;
        return stop();
      }
      terminal.err(`Worker ${worker.id} ended with code ${code}; starting another`);
      setTimeout(() => stopped.signal.aborted || start(index), RESTART_MS);
    });
  };
  for (let index = 0; index < count; index += 1) start(index);
  if (!stopped.signal.aborted) await once(stopped.signal, 'abort');
  await endWorkers(drainMs + EXIT_MS);
  process.off('SIGTERM', stop).off('SIGHUP', hangup);
  signal.removeEventListener('abort', stop);
  return exitCode;
}

const RESTART_MS = 1_000;
/** After its drain a worker closes its client, which has ten seconds for its store. */
const EXIT_MS = 12_000;

function eachWorker(callback: (worker: Worker) => void): void {
  for (const worker of Object.values(cluster.workers ?? {})) if (worker) callback(worker);
}

async function endWorkers(timeoutMs: number): Promise<void> {
  const exits: Promise<unknown>[] = [];
  const workers: Worker[] = [];
  eachWorker((worker) => {
    workers.push(worker);
    exits.push(once(worker, 'exit'));
    worker.process.kill('SIGTERM');
  });
  const kill = setTimeout(() => workers.forEach(({ process: child }) => child.kill('SIGKILL')), timeoutMs);
  await Promise.all(exits);
  clearTimeout(kill);
}

/** In the first process: gives a worker the metrics of all. */
async function answer(worker: Worker, message: Message): Promise<void> {
  if (message.type !== 'metrics') return;
  const asked: Promise<string>[] = [];
  eachWorker((each) => asked.push(ownMetricsOf(each, message.id * 1_000 + worker.id)));
  const texts = (await Promise.all(asked)).filter((text) => text !== '');
  if (worker.isConnected())
    worker.send({ type: 'metrics', id: message.id, text: mergeMetrics(texts) } satisfies Message);
}

/** Empty if the worker does not answer in time. */
function ownMetricsOf(worker: Worker, id: number): Promise<string> {
  return new Promise((resolve) => {
    const done = (text: string): void => {
      clearTimeout(timer);
      worker.off('message', receive);
      resolve(text);
    };
    const receive = (message: Message): void => {
      if (message.type === 'ownMetrics' && message.id === id) done(message.text ?? '');
    };
    const timer = setTimeout(() => done(''), METRICS_MS);
    worker.on('message', receive);
    if (worker.isConnected()) worker.send({ type: 'ownMetrics', id } satisfies Message);
    else done('');
  });
}

const METRICS_MS = 2_000;

/** In a worker: answers with its own metrics when it is asked, and returns a function that reads those of all. */
export function joinWorkerMetrics(own: () => Promise<string>): () => Promise<string> {
  const { worker } = cluster;
  if (!worker) return own;
  worker.on('message', (message: Message) => {
    if (message.type !== 'ownMetrics') return;
    void own()
      .catch(() => '')
      .then((text) => worker.send({ ...message, text }));
  });
  let asked = 0;
  return () => {
    asked += 1;
    const id = asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        worker.off('message', receive);
        reject(new Error('The first process does not answer'));
      }, 2 * METRICS_MS);
      const receive = (message: Message): void => {
        if (message.type !== 'metrics' || message.id !== id) return;
        clearTimeout(timer);
        worker.off('message', receive);
        resolve(message.text ?? '');
      };
      worker.on('message', receive);
      worker.send({ type: 'metrics', id } satisfies Message);
    });
  };
}
