/**
 * The gateway beside `@portkey-ai/gateway`, with the same upstream in the same run, each in a process of its own. Installs Portkey's in a temporary
 * folder. After `npm run build` the built package is measured: from the source, the memory has Node's compiler of TypeScript in it.
 * Run: node bench/gateway.ts [requests per round]
 */

import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as GatewayModule from '../src/gateway/index.ts';
import type * as ClientModule from '../src/index.ts';
import { answer } from './bodies.ts';
import { median } from './measure.ts';

const PORTKEY = '@portkey-ai/gateway@1.15.2';
const TOKEN = 'token-of-the-benchmark';
const CHUNKS = 50;
const CONCURRENCY = 16;
const ROUNDS = 5;

type Name = 'direct' | 'ours' | 'portkey';

/** Where requests go, and with which headers. */
interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number | undefined;
}

/** Answers at once: one body, or the chunks of a stream. */
function serveUpstream(): void {
  const body = JSON.stringify(answer);
  const chunk = `data: ${JSON.stringify({ ...answer, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'word ' } }] })}\n\n`;
  // No contender should meet a connection that is about to close.
  const server = createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
    let text = '';
    req.setEncoding('utf8').on('data', (part) => (text += String(part)));
    req.on('end', () => {
      if (!text.includes('"stream":true')) {
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
        return;
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let index = 0; index < CHUNKS; index += 1) res.write(chunk);
      res.end('data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
    });
  }).listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
}

const dist = new URL('../dist/', import.meta.url);
const isBuilt = existsSync(new URL('gateway.js', dist));

async function serveGateway(upstream: string): Promise<void> {
  const [client, gateway] = isBuilt ? ['index.js', 'gateway.js'] : ['../src/index.ts', '../src/gateway/index.ts'];
  const { CanaryClient } = (await import(new URL(client, dist).href)) as typeof ClientModule;
  const { createGateway } = (await import(new URL(gateway, dist).href)) as typeof GatewayModule;
  const ai = new CanaryClient({ apiKey: 'unused', baseURL: `${upstream}/v1`, canary: {} });
  const { url } = await createGateway(ai, { auth: { bench: TOKEN } }).listen({ port: 0 });
  process.send?.(url);
}

async function compare(requests: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'openai-canary-bench-'));
  const children: ChildProcess[] = [];
  try {
    const self = fileURLToPath(import.meta.url);
    const start = async (...args: string[]): Promise<readonly [string, number | undefined]> => {
      const child = fork(self, args);
      children.push(child);
      const [url] = (await once(child, 'message')) as [string];
      return [url, child.pid];
    };
    const [upstream] = await start('upstream');
    const [ours, pid] = await start('gateway', upstream);
    const [portkey, child] = await startPortkey(folder);
    children.push(child);
    const authorization = `Bearer ${TOKEN}`;
    const targets: Readonly<Record<Name, Target>> = {
      direct: { url: upstream, headers: { authorization }, pid: undefined },
      ours: { url: ours, headers: { authorization }, pid },
      portkey: {
        url: portkey,
        headers: { authorization, 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstream}/v1` },
        pid: child.pid,
      },
    };
    const chunks = `${CHUNKS} chunks per stream`;
    console.log(
      `${ROUNDS} rounds of ${requests} requests, ${CONCURRENCY} at a time for requests/s, one by one for times; ${chunks}.`,
    );
    console.log(
      `ours: ${isBuilt ? 'dist' : 'src, memory with the compiler of TypeScript'}; portkey: ${PORTKEY}; Node ${process.version}`,
    );
    const idle = mapNames((name) => memoryMiB(targets[name].pid, 'VmRSS'));
    printTable(await measureAll(targets, requests), idle, targets);
  } finally {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, maxRetries: 10 });
  }
}

async function startPortkey(folder: string): Promise<readonly [string, ChildProcess]> {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  execFileSync('npm', ['install', '--prefix', folder, ...flags, PORTKEY], { stdio: 'inherit' });
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const child = spawn(process.execPath, [program, `--port=${port}`, '--headless'], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return [url, child];
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('Portkey does not listen');
}

async function measureAll(targets: Readonly<Record<Name, Target>>, requests: number): Promise<Measured> {
  const names = Object.keys(targets) as Name[];
  const perSecond = mapNames((): number[] => []);
  const latencies = mapNames((): number[] => []);
  const firstChunks = mapNames((): number[] => []);
  // The streams of Portkey 1.15.2 fail on Node 24: it appends to immutable headers.
  const streaming = new Set<Name>();
  for (const name of names) {
    await send(targets[name], true).then(
      () => streaming.add(name),
      (error: Error) => console.log(`no streams: ${error.message}`),
    );
  }
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const name of names.toSorted(() => Math.random() - 0.5)) {
      const rate = await throughput(targets[name], requests);
      const times = await timesOf(targets[name], requests / 4, false);
      const firsts = streaming.has(name) ? await timesOf(targets[name], requests / 10, true) : [];
      if (round < 0) continue;
      perSecond[name].push(rate);
      latencies[name].push(...times);
      firstChunks[name].push(...firsts);
    }
  }
  return { perSecond, latencies, firstChunks };
}

function printTable(
  { perSecond, latencies, firstChunks }: Measured,
  idle: Record<Name, number | undefined>,
  targets: Readonly<Record<Name, Target>>,
): void {
  const added = (times: Record<Name, number[]>, name: Name, q: number): string => {
    const value = quantile(times[name], q);
    if (name === 'direct' || !Number.isFinite(value)) return cell(value, 2);
    return `${cell(value, 2)} (+${cell(value - quantile(times.direct, q), 2)})`;
  };
  console.log(
    'Times in ms; in brackets what the gateway adds to the direct way. Memory in MiB: before, after, and at most.',
  );
  console.table(
    mapNames((name) => {
      const { pid } = targets[name];
      const memory = [idle[name], memoryMiB(pid, 'VmRSS'), memoryMiB(pid, 'VmHWM')];
      return {
        'requests/s': cell(median(perSecond[name]), 0),
        p50: added(latencies, name, 0.5),
        p99: added(latencies, name, 0.99),
        'first chunk p50': added(firstChunks, name, 0.5),
        'first chunk p99': added(firstChunks, name, 0.99),
        memory: pid === undefined ? '-' : memory.map((value) => cell(value ?? Number.NaN, 0)).join(' / '),
      };
    }),
  );
  const ratio = (of: (name: Name) => number): string => cell(of('ours') / of('portkey'), 2);
  console.log(
    `ours / portkey: requests/s ${ratio((name) => median(perSecond[name]))} (above 1 is better), ` +
      `added p50 ${ratio((name) => quantile(latencies[name], 0.5) - quantile(latencies.direct, 0.5))}, ` +
      `added p99 ${ratio((name) => quantile(latencies[name], 0.99) - quantile(latencies.direct, 0.99))} (below 1 is better)`,
  );
}

/** A number, or a dash where nothing was measured. */
const cell = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '-');

const mapNames = <Value>(valueOf: (name: Name) => Value): Record<Name, Value> => ({
  direct: valueOf('direct'),
  ours: valueOf('ours'),
  portkey: valueOf('portkey'),
});

interface Measured {
  /** Requests per second of each round. */
  readonly perSecond: Record<Name, number[]>;
  /** In ms, of all rounds. */
  readonly latencies: Record<Name, number[]>;
  readonly firstChunks: Record<Name, number[]>;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

/** Sends one chat. Resolves to the ms until its end, or until its first chunk. */
function send(target: Target, stream: boolean): Promise<number> {
  const body = JSON.stringify({
    model: 'gpt-4.1',
    messages: [{ role: 'user', content: 'Say hello.' }],
    ...(stream && { stream }),
  });
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const sent = request(
      `${target.url}/v1/chat/completions`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...target.headers },
      },
      (response) => {
        let firstMs = Number.NaN;
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          if (text === '') firstMs = performance.now() - startedMs;
          text += String(part);
        });
        response.on('error', reject).on('end', () => {
          if (response.statusCode !== 200 || !text.includes(stream ? '[DONE]' : '"choices"')) {
            return reject(new Error(`${target.url} answered ${response.statusCode}: ${text.slice(0, 200)}`));
          }
          resolve(stream ? firstMs : performance.now() - startedMs);
        });
      },
    );
    sent.on('error', reject).end(body);
  });
}

async function throughput(target: Target, requests: number): Promise<number> {
  let left = requests;
  const startedMs = performance.now();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send(target, false);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return (requests / (performance.now() - startedMs)) * 1_000;
}

/** One after the other. */
async function timesOf(target: Target, requests: number, stream: boolean): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < requests; index += 1) times.push(await send(target, stream));
  return times;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** The resident memory of a process, now (`VmRSS`) or at most so far (`VmHWM`), where the system shows it. */
function memoryMiB(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}

const [role, address = ''] = process.argv.slice(2);
if (role === 'upstream') serveUpstream();
else if (role === 'gateway') await serveGateway(address);
else await compare(Number(role ?? 1_000));
