/** A `redis-server` of the test's own, on a free port of the loopback interface. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { createClient } from '@redis/client';

/** Whether this machine can run Redis. Tests without it are skipped. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) process.emitWarning('No redis-server on this machine: the tests with Redis are skipped.');

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Stops it, and starts an empty one on the same port. */
  restart(): Promise<void>;
  /** Stops it. */
  stop(): Promise<void>;
  /** Freezes the process (SIGSTOP). */
  freeze(): void;
  thaw(): void;
}

/** @param flags options of `redis-server` */
export async function startRedis(flags: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const start = async (): Promise<ChildProcess> => {
    const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...flags];
    const started = spawn('redis-server', options, { stdio: 'ignore' });
    await answering(url, flags.includes('--cluster-enabled'));
    return started;
  };
  let child = await start();
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  return {
    port,
    url,
    get pid() {
      return child.pid!;
    },
    stop,
    restart: async () => {
      await stop();
      child = await start();
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      // A cluster listens to the port that is 10,000 higher as well.
      server.close(() => resolve(port > 55_000 ? freePort() : port));
    });
  });
}

/** Resolves when the server answers, as a whole cluster where it is one. The client tries again until then. */
async function answering(url: string, isCluster: boolean): Promise<void> {
  const client = createClient({ url, socket: { reconnectStrategy: () => 20 } }).on('error', () => undefined);
  await client.connect();
  await client.sendCommand(['PING']);
  if (isCluster) {
    // One node with all slots.
    await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']).catch(() => undefined);
    while (!(await client.sendCommand<string>(['CLUSTER', 'INFO'])).includes('cluster_state:ok'))
      await client.sendCommand(['PING']);
  }
  client.destroy();
}
