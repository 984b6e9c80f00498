/** Controlling the rollout of a running process from the command line, through the store that both share. */

import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../src/index.ts';
import type { ProgramEnd } from '../support/run-program.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { folderWith, type Folder } from './run-cli.ts';

const ROLLOUT = {
  to: 'gemini',
  steps: [{ weight: 0.1, hold: '1d' }, { weight: 0.5, hold: '1d' }, { weight: 1 }],
} as const;
const CONFIG = JSON.stringify({
  canary: { upstreams: { gemini: { provider: 'gemini', model: 'gemini-2.5-flash' } }, rollout: ROLLOUT },
});

let folder: Folder;
let running: SetUp;

beforeAll(async () => {
  folder = await folderWith({ 'openai-canary.config.json': CONFIG });
  const store = fileStore(join(folder.path, 'state.json'));
  running = setUp({ upstreams: { gemini: {} }, canary: { rollout: ROLLOUT, store } });
});

afterAll(async () => {
  void running.ai.canary.close();
  await folder[Symbol.asyncDispose]();
});

/** Runs a command while the clock of the running process advances. */
async function run(...args: readonly string[]): Promise<ProgramEnd> {
  const ending = folder.run(...args, '--store', 'state.json');
  let ended = false;
  void ending.finally(() => (ended = true));
  const hasEnded = (): boolean => ended;
  while (!hasEnded()) {
    await running.clock.advance(1_000);
    await wait(20);
  }
  return ending;
}

const phase = () => running.ai.canary.rollout.state.phase;

describe('in sequence', () => {
  test('status shows the state and what the rollout waits for', async () => {
    const { exitCode, stdout, stderr } = await run('status');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^gemini {2}progressing {2}step 1 of 3 {2}weight 10 %/);
    expect(stdout).toMatch(/^guardrail +rollback evidence +promotion evidence/m);
    expect(stdout).toMatch(/^waiting: held for .* of 1 d$/m);
  });

  test('get prints one line, or JSON', async () => {
    const { stdout } = await run('get');
    expect(stdout).toMatch(/^gemini {2}progressing {2}step 1\/3 {2}weight 10 % .*\n$/);
    const { stdout: json } = await run('get', '--json');
    expect(JSON.parse(json)).toMatchObject({ upstream: 'gemini', phase: 'progressing', step: 0, weight: 0.1 });
  });

  test.each([
    [['pause', 'until Monday'], 'paused'],
    [['resume'], 'progressing'],
    [['set-weight', '0.05'], 'progressing'],
    [['promote'], 'progressing'],
    [['promote', '--full'], 'promoted'],
    [['undo'], 'rolledBack'],
    [['retry'], 'progressing'],
    [['rollback', 'users complain'], 'rolledBack'],
  ])('the running process executes %j', async (args, after) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(after);
    expect(phase()).toBe(after);
  });

  test('a verb that is not possible in the current phase exits with 3 and the reason', async () => {
    const { exitCode, stderr } = await run('resume');
    expect(exitCode).toBe(3);
    expect(stderr).toBe('resume() is not possible while the rollout to gemini is rolled back.\n');
  });

  test('history shows all decisions with verb, origin and reason', async () => {
    const { stdout } = await run('history');
    expect(stdout).toMatch(/pause +user .*until Monday/);
    expect(stdout).toMatch(/setWeight +user/);
    expect(stdout).toMatch(/rollback +user .*users complain/);
    const { stdout: json } = await run('history', '--json');
    expect((JSON.parse(json) as { verb: string }[]).map(({ verb }) => verb)).toEqual(
      running.ai.canary.rollout.history.map(({ verb }) => verb),
    );
  });

  test('get -w exits when the rollout has ended', async () => {
    const { exitCode, stdout } = await run('get', '-w');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('rolledBack');
  });
});

test.each(['status', 'get', 'history'])('%s exits with 4 if the store has no rollout', async (command) => {
  await using own = await folderWith({ 'openai-canary.config.json': CONFIG });
  const { exitCode, stdout, stderr } = await own.run(command, '--store', 'empty.json');
  expect([exitCode, stdout]).toEqual([4, '']);
  expect(stderr).toBe('The store has no rollout to gemini: no process has started it\n');
});

test.each([['status'], ['pause', '--timeout', '200ms']])(
  'a rollout with another configuration is neither shown nor changed: %s',
  async (...args) => {
    await using own = await folderWith({ 'openai-canary.config.json': CONFIG.replace('0.1', '0.2') });
    const store = fileStore(join(own.path, 'state.json'));
    const process = setUp({ upstreams: { gemini: {} }, canary: { rollout: ROLLOUT, store } });
    while ((await store.read('rollout:gemini')) === undefined) {
      await process.clock.advance(1_000);
      await wait(20);
    }
    const { exitCode, stdout, stderr } = await own.run(...args, '--store', 'state.json');
    expect([exitCode, stdout]).toEqual([4, '']);
    expect(stderr).toContain('was started with another configuration');
    expect(await store.messages('commands:gemini', 0)).toEqual([]);
    void process.ai.canary.close();
  },
);

test('exits with 4 if no process executes the command in time', async () => {
  await using own = await folderWith({ 'openai-canary.config.json': CONFIG });
  const { exitCode, stderr } = await own.run('pause', '--store', 'empty.json', '--timeout', '200ms');
  expect(exitCode).toBe(4);
  expect(stderr).toContain('No running process executed pause within 200ms');
});

test.each([
  [['status'], 'A running process is reached through its store: pass its file with --store or set canary.store'],
  [['status', '--store', 's.json', '--rollout', 'openai'], '--rollout should be one of gemini, got "openai"'],
  [
    ['status', '--store', 's.json', '--rollout', 'gemni'],
    '--rollout should be one of gemini, got "gemni"; did you mean gemini?',
  ],
  [['set-weight', '5', '--store', 's.json'], 'The share should be between 0 and 1, got 5'],
])('rejects %j', async (args, message) => {
  await using own = await folderWith({ 'openai-canary.config.json': CONFIG });
  const { exitCode, stderr } = await own.run(...args);
  expect([exitCode, stderr]).toEqual([2, `${message}\n`]);
});
