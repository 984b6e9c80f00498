/** `dashboard` and `demo --page`: the live page on this machine. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { DONE, USAGE } from '../../src/cli/exit-codes.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { fileStore } from '../../src/index.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';

/** Runs the program until `interrupt()`, in this process. */
function run(...args: readonly string[]) {
  const printed: string[] = [];
  const stream = { write: (text: string) => printed.push(text) > 0, isTTY: false };
  const interrupted = new AbortController();
  const terminal = terminalOf({ stdout: stream, stderr: stream, env: {} });
  const exitCode = runProgram(args, { terminal, signal: interrupted.signal });
  const text = (): string => printed.join('');
  return {
    exitCode,
    text,
    interrupt: () => interrupted.abort(),
    url: () => vi.waitUntil(() => /http:\/\/127\S+/.exec(text())?.[0], { timeout: 30_000 }),
  };
}

async function withStoredRollout(use: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-page-'));
  const file = join(folder, 'state.json');
  const { ai, clock } = setUpRollout(
    { steps: [{ weight: 0.1, hold: '1h' }, { weight: 1 }] },
    { store: fileStore(file) },
  );
  try {
    await vi.waitUntil(
      async () => {
        await clock.advance(1_000);
        return (await fileStore(file).keys('rollout:')).length > 0;
      },
      { timeout: 30_000 },
    );
    await ai.canary.close();
    await use(file);
  } finally {
    await rm(folder, { recursive: true, maxRetries: 10 });
  }
}

const PAUSE = { upstream: 'gemini', command: { verb: 'pause' }, seen: { phase: 'progressing', step: 0, run: 1 } };

async function pause(url: string, token = ''): Promise<number> {
  const { origin } = new URL(url);
  const headers = { origin, 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return (await fetch(`${origin}/change`, { method: 'POST', headers, body: JSON.stringify(PAUSE) })).status;
}

test('shows the rollout of a store, read-only, until Ctrl-C', () =>
  withStoredRollout(async (file) => {
    const program = run('dashboard', '--store', file, '--port', '0');
    const url = await program.url();
    expect(await (await fetch(`${url}state`)).json()).toMatchObject({
      from: 'store',
      rollouts: [{ upstream: 'gemini' }],
    });
    expect(await pause(url)).toBe(403);
    program.interrupt();
    expect(await program.exitCode).toBe(DONE);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  }));

test('with --allow-changes the token that is printed moves the rollout, and no other', () =>
  withStoredRollout(async (file) => {
    const program = run('dashboard', '--store', file, '--port', '0', '--allow-changes');
    const url = await program.url();
    const token = new URL(url).hash.replace('#token=', '');
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(await pause(url, 'x'.repeat(32))).toBe(403);
    expect(await pause(url, token)).toBe(202);
    await expect
      .poll(async () => (await (await fetch(new URL('state', url))).json()).rollouts[0].phase, { timeout: 30_000 })
      .toBe('paused');
    program.interrupt();
    expect(await program.exitCode).toBe(DONE);
  }));

test('a port that is no port is refused', async () => {
  const program = run('dashboard', '--store', 'missing.json', '--port', '70000');
  expect(await program.exitCode).toBe(USAGE);
  expect(program.text()).toContain('--port should be a whole number between 0 and 65535');
});

test('demo --page serves the live page of its rollout until Ctrl-C', async () => {
  const program = run('demo', '--page');
  const url = await program.url();
  const state = async () => (await (await fetch(new URL('state', url))).json()) as { rollouts: { upstream: string }[] };
  expect(await state()).toMatchObject({ from: 'process', rollouts: [{ upstream: 'deepseek' }] });
  expect(await (await fetch(url)).text()).toContain('<title>');
  program.interrupt();
  expect(await program.exitCode).toBe(130);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
}, 60_000);
