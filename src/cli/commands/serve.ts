/** `serve`: runs the gateway. */

import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { fileStore } from '../../index.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE } from '../exit-codes.ts';
import { loadConfig, type LoadedConfig } from '../load-config.ts';
import { isRedisUrl, openRedisStore } from '../open-redis-store.ts';
import { numberOption, timeOption } from '../read-option.ts';
import { TOKEN_VARIABLES } from '../serve/gateway-config.ts';
import { runServer } from '../serve/run-server.ts';
import { joinWorkerMetrics, runWorkers } from '../serve/workers.ts';
import { UsageError } from '../usage-error.ts';

interface ServeOptions extends CommonOptions {
  readonly host: string;
  readonly port: string;
  readonly workers: string;
  readonly drain: string;
  readonly store?: string;
}

export function describeServe(command: Command): Command {
  return command
    .description("serve OpenAI's API through the configuration, to callers in any language")
    .option('--host <address>', 'the address to listen on; other than loopback only with tokens', '127.0.0.1')
    .option('-p, --port <number>', 'the port; 0 for any free one', '8787')
    .option('--workers <number>', `the number of processes, or "max" (here: ${availableParallelism()})`, '1')
    .option('--drain <time>', 'how long requests may go on after SIGTERM or Ctrl-C', '30s')
    .option('-s, --store <file>', 'the shared state: a file, or redis://host:6379?prefix=canary')
    .addHelpText(
      'after',
      `
Tokens: the section gateway of the configuration, or the variables ${TOKEN_VARIABLES.auth} and ${TOKEN_VARIABLES.admin}.
SIGHUP reads the configuration again: weights, segments and tasks change at once.

Example:
  $ openai-canary serve --config canary.config.yaml --port 8787`,
    );
}

export async function runServe(options: ServeOptions, context: CommandContext): Promise<number> {
  const workers =
    options.workers === 'max'
      ? availableParallelism()
      : numberOption('workers', options.workers, { min: 1, max: 256, integer: true });
  const drainMs = timeOption('drain', options.drain);
  if (workers > 1 && cluster.isPrimary) {
    checkShared(await loadConfig(options.config), options);
    return await runWorkers(workers, drainMs, context);
  }
  try {
    await runServer(
      {
        config: options.config,
        host: options.host,
        port: numberOption('port', options.port, { min: 0, max: 65_535, integer: true }),
        drainMs,
        withStore: (loaded) => withStore(loaded, options.store),
        joinMetrics: joinWorkerMetrics,
        labels: cluster.isWorker ? { worker: process.env['OPENAI_CANARY_WORKER'] ?? '0' } : {},
      },
      context,
    );
  } finally {
    // The channel to the first process would keep a worker alive.
    cluster.worker?.disconnect();
  }
  return DONE;
}

/** Each process would otherwise move a rollout of its own, and spend a budget of its own. */
function checkShared({ name, options: { canary } }: LoadedConfig, { store }: ServeOptions): void {
  if (store !== undefined || canary?.store?.persistent) return;
  const section = (['rollout', 'budgets'] as const).find((each) => canary && each in canary);
  if (section === undefined) return;
  throw new UsageError(
    `${name}: canary.${section} with several workers needs a store that they share: pass --store <file> or redis://host:6379`,
  );
}

async function withStore(loaded: LoadedConfig, store: string | undefined): Promise<LoadedConfig> {
  if (store === undefined) return loaded;
  const opened = isRedisUrl(store) ? await openRedisStore(store, { reconnects: true }) : fileStore(store);
  return { ...loaded, options: { ...loaded.options, canary: { ...loaded.options.canary, store: opened } } };
}
