/** One process of the gateway: from its start to the end of its drain. */

import { once } from 'node:events';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/index.ts';
import type { CanaryClient } from '../../index.ts';
import { type MetricRegistry, prometheusExporter } from '../../prometheus/index.ts';
import type { CommandContext } from '../command.ts';
import { createClient } from '../create-client.ts';
import { loadConfig, type LoadedConfig } from '../load-config.ts';
import { loadFromProject } from '../load-from-project.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { gatewayOptions } from './gateway-config.ts';
import { reloadConfig, type ReloadedConfig } from './reload-config.ts';

/** How a server runs. */
export interface ServerSettings {
  readonly config: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly drainMs: number;
  /** The configuration with the store of the command line, if there is one. */
  readonly withStore: (loaded: LoadedConfig) => Promise<LoadedConfig>;
  /** Wraps the text of `/metrics`, for several processes. */
  readonly joinMetrics: (own: () => Promise<string>) => () => Promise<string>;
  /** Labels of this process in its metrics. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Serves until `signal` is aborted or SIGTERM arrives, then drains. SIGHUP reads the configuration again. */
export async function runServer(settings: ServerSettings, { terminal, signal }: CommandContext): Promise<void> {
  const loaded = await settings.withStore(await loadConfig(settings.config));
  await using ai = createClient(loaded, loaded.options);
  const given = gatewayOptions(loaded.gateway, process.env);
  const onError = (error: unknown): void =>
    terminal.err(`Unexpected error: ${error instanceof Error ? error.name : 'unknown'}`);
  const metrics = given.metrics ?? (await metricsOf(ai, settings));
  const gateway = createGateway(ai, { onError, ...given, metrics });
  const url = await listen(gateway, settings);
  terminal.out(`Serving ${url}/v1 ${describe(given, metrics !== undefined)}`);
  const reloading = reloadOnHangup(ai, loaded, settings, terminal);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once('SIGTERM', stop);
  try {
    const ended = AbortSignal.any([signal, stopped.signal]);
    if (!ended.aborted) await once(ended, 'abort');
    terminal.err(`Draining: ${gateway.inFlight} in flight`);
    await gateway.close({ timeoutMs: settings.drainMs });
  } finally {
    process.off('SIGTERM', stop);
    reloading[Symbol.dispose]();
  }
}

async function listen(gateway: Gateway, { host, port }: ServerSettings): Promise<string> {
  try {
    return (await gateway.listen({ host, port })).url;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    throw new UsageError(`Cannot listen on port ${port} of ${host} (${code})`, { cause: error });
  }
}

function describe({ auth, admin }: GatewayOptions, hasMetrics: boolean): string {
  const callers = auth ? `for ${Object.keys(auth).join(', ')}` : 'for programs on this machine';
  return `${callers}${admin ? ', with /admin' : ''}${hasMetrics ? ', with /metrics' : ' (npm install @prometheus-io/client adds /metrics)'}`;
}

/** `/metrics`, where the folder has a client of Prometheus. */
async function metricsOf(
  ai: CanaryClient,
  { labels, joinMetrics }: ServerSettings,
): Promise<GatewayOptions['metrics']> {
  const library = (await loadFromProject('@prometheus-io/client')) ?? (await loadFromProject('prom-client'));
  if (!library) return undefined;
  const Registry = library['Registry'] as new () => MetricRegistry & {
    metrics(): Promise<string>;
    contentType: string;
  };
  const registry = new Registry();
  prometheusExporter(ai, { registry, labels });
  return { metrics: joinMetrics(() => registry.metrics()), contentType: registry.contentType };
}

function reloadOnHangup(
  ai: CanaryClient,
  loaded: LoadedConfig,
  { config }: ServerSettings,
  terminal: Terminal,
): Disposable {
  let current: ReloadedConfig = loaded;
  let version = 0;
  const reload = async (): Promise<void> => {
    version += 1;
    const next = await loadConfig(config, version);
    const { applied, pending } = reloadConfig(ai, current, next);
    current = next;
    terminal.out(`Reloaded ${loaded.name}: ${applied.length > 0 ? applied.join(', ') : 'nothing to change'}`);
    if (pending.length > 0) terminal.err(`After a restart: ${pending.join(', ')}`);
  };
  const hangup = (): void => {
    reload().catch((error: unknown) =>
      terminal.err(`Not reloaded: ${error instanceof Error ? error.message : 'unknown error'}`),
    );
  };
  process.on('SIGHUP', hangup);
  return { [Symbol.dispose]: () => void process.off('SIGHUP', hangup) };
}
