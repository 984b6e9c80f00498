/** Creates the live page of a client, or of the rollouts in a store. */

import type { CanaryClient, Store } from '../index.ts';
import { type NodeHandler, toNodeHandler } from '../http/node-handler.ts';
import { clientSource } from './client-source.ts';
import { EventHub, MAX_LAG_MS } from './event-hub.ts';
import { handle } from './handler.ts';
import { type DashboardOptions, type DashboardPeer, resolveDashboard } from './options.ts';
import type { PageState } from './page-state.ts';
import { Recorder } from './recorder.ts';
import type { Source } from './source.ts';
import { storeSource } from './store-source.ts';

/** A live page: handlers to mount, and its end. */
export interface Dashboard {
  /**
   * Answers a Web-standard request, whatever path it is mounted under: for Hono, Next.js, Bun, Deno and the like.
   *
   * @param peer the other end of the connection, as the server knows it. Without it, and without the option `authorize`, nothing is served.
   */
  readonly fetch: (request: Request, peer?: DashboardPeer) => Promise<Response>;
  /** Answers a request of `node:http`, Express or Fastify. */
  readonly node: NodeHandler;
  /** Ends the streams of open pages and stops recording. */
  readonly close: () => void;
}

/**
 * The live page of a client: the step of its rollout, what that waits for, the evidence, both sides in numbers, and charts of the last hour.
 * Without the option `authorize` it is read-only and serves only this machine.
 *
 * @example createServer(createDashboard(ai).node).listen(4141, '127.0.0.1');
 * @throws ConfigError for invalid options
 */
export function createDashboard(client: Pick<CanaryClient, 'canary'>, options?: DashboardOptions): Dashboard {
  const resolved = resolveDashboard(options);
  return dashboardOf(clientSource(client), resolved);
}

/**
 * The live page of the rollouts in a store, for the processes that share it: their steps, evidence, numbers and decisions. What only a process
 * knows, such as breakers and budgets, is missing.
 *
 * @example createServer(createStoreDashboard(fileStore('canary.json')).node).listen(4141, '127.0.0.1');
 * @throws ConfigError for invalid options
 */
export function createStoreDashboard(store: Store, options?: DashboardOptions): Dashboard {
  const resolved = resolveDashboard(options);
  return dashboardOf(storeSource(store), resolved);
}

function dashboardOf(source: Source, options: ReturnType<typeof resolveDashboard>): Dashboard {
  const { canChange, updateMs, maxClients } = options;
  const hasSamples = options.samples && source.pairs !== undefined;
  const state = async (): Promise<PageState> => ({ ...(await source.state()), canChange, hasSamples });
  const recorder = new Recorder(source);
  const hub = new EventHub({ state, recorder, updateMs, maxClients });
  const stopListening = source.onDecision(() => hub.updateSoon());
  const fetch: Dashboard['fetch'] = (request, peer = { remoteAddress: undefined }) =>
    handle(request, peer, { options, source, hub, state });
  return {
    fetch,
    node: toNodeHandler(fetch, { stallMs: MAX_LAG_MS }),
    close: () => {
      stopListening();
      recorder.close();
      hub.close();
    },
  };
}
