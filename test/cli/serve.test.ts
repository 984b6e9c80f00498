/** `openai-canary serve`: the gateway as a program. */

import { type ChildProcess, spawn } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenAI } from 'openai';
import { afterEach, expect, test, vi } from 'vitest';
import { gatewayOptions } from '../../src/cli/serve/gateway-config.ts';
import { mergeMetrics } from '../../src/cli/serve/merge-metrics.ts';
import { reloadConfig } from '../../src/cli/serve/reload-config.ts';
import { runProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { startProvider } from '../../src/testing/index.ts';
import { setUp } from '../support/set-up.ts';
import { folderWith, PROGRAM } from './run-cli.ts';

const TOKEN = 'token-of-the-web-application';
const ADMIN = 'token-of-the-administrator';
const PATIENT = { timeout: 50_000, interval: 50 };

afterEach(() => vi.unstubAllEnvs());

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exitCode: Promise<number | null>;
}

/** Starts `serve` in a folder and waits until it listens. */
async function startServe(folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Served> {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--port', '0', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', OPENAI_API_KEY: 'key-of-openai', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => (text += String(part)));
  const exitCode = new Promise<number | null>((resolve) => child.once('close', resolve));
  await vi.waitFor(() => expect(text).toMatch(/^Serving http/m), PATIENT);
  return {
    url: /^Serving (http:\/\/\S+)\/v1/m.exec(text)![1]!,
    child,
    output: () => text,
    exitCode,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exitCode;
    },
  };
}

const config = (baseURL: string, weights: string): string => `
baseURL: ${baseURL}
canary:
  upstreams: { gemini: { baseURL: '${baseURL}', apiKey: key-of-gemini } }
  weights: ${weights}
gateway:
  admin: { ops: env:ADMIN_TOKEN }
`;

test('serves a configuration, reloads it on SIGHUP, and drains on SIGTERM', async () => {
  await using provider = await startProvider({ chunkDelayMs: 150, answer: 'one two three four five six seven eight' });
  await using folder = await folderWith({ 'canary.config.yaml': config(provider.url, '{ openai: 1 }') });
  const env = { OPENAI_CANARY_TOKEN: TOKEN, ADMIN_TOKEN: ADMIN };
  await using served = await startServe(folder.path, ['--config', 'canary.config.yaml'], env);
  expect(served.output()).toContain('for default, with /admin');
  const sdk = new OpenAI({ apiKey: TOKEN, baseURL: `${served.url}/v1`, maxRetries: 0 });
  expect(
    (await sdk.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })).choices,
  ).toHaveLength(1);

  await writeFile(
    join(folder.path, 'canary.config.yaml'),
    `${config(provider.url, '{ openai: 1, gemini: 3 }')}  maxInFlight: 99\n`,
  );
  served.child.kill('SIGHUP');
  await vi.waitFor(() => expect(served.output()).toContain('Reloaded canary.config.yaml: weights'), PATIENT);
  await vi.waitFor(() => expect(served.output()).toContain('After a restart: gateway.maxInFlight\n'), PATIENT);
  const weights = await fetch(`${served.url}/admin/weights`, { headers: { authorization: `Bearer ${ADMIN}` } });
  expect(await weights.json()).toEqual({ weights: { openai: 0.25, gemini: 0.75 } });

  const stream = await sdk.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
  });
  served.child.kill('SIGTERM');
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toContain('eight');
  expect(await served.exitCode).toBe(0);
  expect(served.output()).not.toContain(TOKEN);
});

test('several workers serve one port, and each gives the metrics of all', async () => {
  await using provider = await startProvider();
  await using folder = await folderWith({ 'openai-canary.config.yaml': config(provider.url, '{ openai: 1 }') });
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder.path, 'node_modules'));
  const env = { OPENAI_CANARY_TOKEN: TOKEN, ADMIN_TOKEN: ADMIN };
  await using served = await startServe(folder.path, ['--workers', '2'], env);
  await vi.waitFor(() => expect(served.output().match(/^Serving/gm)).toHaveLength(2), PATIENT);
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', connection: 'close' };
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
  for (let index = 0; index < 6; index += 1) {
    const response = await fetch(`${served.url}/v1/chat/completions`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    await response.text();
  }
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${served.url}/metrics`, { headers })).text();
    const calls = [...metrics.matchAll(/^openai_canary_calls_total\{[^}]*worker="(\d)"[^}]*\} (\d+)$/gm)];
    expect(calls.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(6);
    expect(metrics.match(/^# TYPE openai_canary_calls_total /gm)).toHaveLength(1);
    expect(new Set([...metrics.matchAll(/worker="(\d)"/g)].map(([, worker]) => worker)).size).toBe(2);
  }, PATIENT);
  served.child.kill('SIGTERM');
  expect(await served.exitCode).toBe(0);
});

test.each([
  ['another address without a token', ['--host', '0.0.0.0'], {}, 'listen.host should be a loopback address'],
  ['a token that is short', [], { OPENAI_CANARY_TOKEN: 'short' }, 'gateway.auth.default should have at least 16'],
  ['workers whose rollout is not shared', ['--workers', '2'], {}, 'canary.budgets with several workers needs a store'],
  ['a number of workers that is none', ['--workers', 'many'], {}, '--workers should be a whole number'],
])('%s is an error of usage', async (_name, args, env, message) => {
  const text = 'canary: { budgets: [{ name: all, per: day, limitUsd: 5 }] }';
  await using folder = await folderWith({ 'canary.yaml': text });
  for (const [name, value] of Object.entries({ OPENAI_API_KEY: 'key-of-openai', ...env })) vi.stubEnv(name, value);
  let stderr = '';
  const terminal = terminalOf({
    stdout: { isTTY: false, write: () => true },
    stderr: { isTTY: false, write: (line: string | Uint8Array) => ((stderr += String(line)), true) },
    env: {},
  });
  const command = ['serve', '--port', '0', '--config', join(folder.path, 'canary.yaml'), ...args];
  expect(await runProgram(command, { terminal, signal: new AbortController().signal })).toBe(2);
  expect(stderr).toContain(message);
});

test('workers that cannot start end the program with their exit code', async () => {
  await using folder = await folderWith({ 'canary.yaml': 'gateway: { auth: { web: env:NOT_SET_HERE } }' });
  const child = spawn(
    process.execPath,
    [PROGRAM, 'serve', '--port', '0', '--config', 'canary.yaml', '--workers', '2'],
    {
      cwd: folder.path,
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', OPENAI_API_KEY: 'key-of-openai' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (part) => (errors += String(part)));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
  expect(errors).toContain('NOT_SET_HERE');
});

test('tokens come from the environment, by name and by default', () => {
  const section = { auth: { web: 'env:WEB', batch: { token: ['env:A', 'plain'], rpm: 5 } }, bodyLimitBytes: 10 };
  expect(
    gatewayOptions(section, { WEB: 'w', A: 'a', OPENAI_CANARY_TOKEN: 'd', OPENAI_CANARY_ADMIN_TOKEN: 'r' }),
  ).toEqual({
    auth: { default: 'd', web: 'w', batch: { token: ['a', 'plain'], rpm: 5 } },
    admin: { default: 'r' },
    bodyLimitBytes: 10,
  });
  expect(() => gatewayOptions(section, { WEB: 'w' })).toThrow(
    'gateway.auth.batch.token names the variable A, which is not set',
  );
  expect(() => gatewayOptions([], {})).toThrow('gateway should be an object: the options of createGateway()');
});

test('a reload applies what the file changed, and keeps what a person has set since', () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  const canary = { weights: { openai: 1, gemini: 1 } };
  const before = { options: { canary } };
  ai.canary.setWeights({ gemini: 0.1 });
  expect(
    reloadConfig(ai, before, {
      options: { canary: { ...canary, segments: [{ when: { a: 1 }, upstream: 'gemini' }] } },
    }),
  ).toEqual({
    applied: ['segments'],
    pending: [],
  });
  expect(ai.canary.weights).toEqual({ openai: 0.9, gemini: 0.1 });
  expect(ai.canary.explain({ attributes: { a: 1 } }).reason).toBe('segment');
  const tasks = { routes: { sum: ['gemini'] } };
  expect(reloadConfig(ai, before, { options: { canary: { tasks, breaker: { consecutive: 3 } } } })).toEqual({
    applied: ['weights', 'tasks'],
    pending: ['breaker'],
  });
  expect(ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  expect(() => reloadConfig(ai, before, { options: { canary: { weights: { gemni: 1 } } } })).toThrow('gemni');
});

test('a reload names changed settings of the connection and of the gateway, which need a restart', () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  const before = {
    options: { baseURL: 'http://a.test/v1', timeout: 1_000 },
    gateway: { auth: { web: 'env:WEB' }, openMetrics: true, onError: () => undefined },
  };
  const after = {
    options: { baseURL: 'http://b.test/v1', timeout: 1_000 },
    gateway: { auth: { web: 'env:WEB', batch: 'env:BATCH' }, bodyLimitBytes: 10, onError: () => undefined },
  };
  expect(reloadConfig(ai, before, after)).toEqual({
    applied: [],
    pending: ['baseURL', 'gateway.auth', 'gateway.openMetrics', 'gateway.bodyLimitBytes'],
  });
  expect(reloadConfig(ai, after, after).pending).toEqual([]);
});

test('metrics of several processes keep the samples of a metric together', () => {
  const text = (worker: number): string =>
    `# HELP a_total Calls.\n# TYPE a_total counter\na_total{worker="${worker}"} ${worker}\n# HELP b State.\n# TYPE b gauge\nb{worker="${worker}"} 1\n`;
  expect(mergeMetrics([text(1), text(2)])).toBe(
    '# HELP a_total Calls.\n# TYPE a_total counter\na_total{worker="1"} 1\na_total{worker="2"} 2\n# HELP b State.\n# TYPE b gauge\nb{worker="1"} 1\nb{worker="2"} 1\n',
  );
  expect(mergeMetrics([])).toBe('');
});
