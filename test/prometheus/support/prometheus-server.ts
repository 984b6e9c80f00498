/** A Prometheus of the test's own on the loopback interface, which scrapes a registry every second. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether this machine can run Prometheus and its tool. Tests without them are skipped. */
export const hasPrometheus = ['prometheus', 'promtool'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
);
if (!hasPrometheus) process.emitWarning('No Prometheus on this machine: the tests with it are skipped.');

/** One series of an answer. */
export interface Result {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusServer extends AsyncDisposable {
  readonly url: string;
  /** The answer to an instant query. @throws with the error of Prometheus */
  query(expression: string): Promise<readonly Result[]>;
  /** The value of an expression with one series. */
  value(expression: string): Promise<number>;
  /** Resolves when Prometheus has scraped the registry once more, beginning now. */
  scraped(): Promise<void>;
}

/** A registry of either library. */
interface Registry {
  readonly contentType: string;
  metrics(): Promise<string>;
}

const DEADLINE_MS = 40_000;

/** @param rules the paths of rule files */
export async function startPrometheus(registry: Registry, rules: readonly string[] = []): Promise<PrometheusServer> {
  let scrapes = 0;
  const answer = async (response: ServerResponse): Promise<void> => {
    const text = await registry.metrics();
    response.setHeader('content-type', registry.contentType).end(text);
    scrapes += 1;
  };
  const target = createServer((_request, response) => void answer(response));
  const directory = await mkdtemp(join(tmpdir(), 'openai-canary-prometheus-'));
  const port = await freePort();
  const config = `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ${JSON.stringify(rules)}
scrape_configs:
  - job_name: canary
    static_configs: [{ targets: ['127.0.0.1:${await listen(target)}'] }]
`;
  await writeFile(join(directory, 'prometheus.yml'), config);
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  const child = spawn('prometheus', flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));

  const query = async (expression: string): Promise<readonly Result[]> => {
    const response = await fetch(`${url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expression }),
    });
    const { data, error } = (await response.json()) as { data: QueryData; error?: string };
    if (error !== undefined) throw new Error(`${expression}: ${error}`);
    if (data.resultType === 'scalar') return [{ labels: {}, value: Number(data.result[1]) }];
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true);
  return {
    url,
    query,
    value: async (expression) => {
      const [first, second] = await query(expression);
      if (!first || second) throw new Error(`Expected one series of ${expression}`);
      return first.value;
    },
    scraped: async () => {
      const before = scrapes;
      // The next one may have begun already, and its samples are stored after its answer.
      await until('Prometheus scrapes', async () => scrapes >= before + 3);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
      target.close();
      target.closeAllConnections();
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

type QueryData =
  | { readonly resultType: 'scalar'; readonly result: readonly [number, string] }
  | {
      readonly resultType: 'vector';
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value: readonly [number, string];
      }[];
    };

/** Polls with a generous deadline: the machine may be busy. */
export async function until(what: string, isDone: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`Expected within ${DEADLINE_MS} ms: ${what}`);
    await sleep(100);
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function freePort(): Promise<number> {
  const server = createSocketServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
