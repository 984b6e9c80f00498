/** Controlling the rollout of a running process from the command line, through the store that both share. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../src/index.ts';
import { acquireFileLock } from '../../src/store/file-lock.ts';
import type { ProgramEnd } from '../support/run-program.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { folderWith, PROGRAM, type Folder } from './run-cli.ts';

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

/** Lets time pass five times as fast as it does: the files of the store still have enough of it. */
async function pass({ clock }: SetUp): Promise<void> {
  await clock.advance(100);
  await wait(20);
}

/** Runs a command while the clock of the running process advances. */
async function run(...args: readonly string[]): Promise<ProgramEnd> {
  const ending = folder.run(...args, '--store', 'state.json');
  let ended = false;
  void ending.finally(() => (ended = true));
  const hasEnded = (): boolean => ended;
  while (!hasEnded()) {
    await pass(running);
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
    [['rollback', 'too slow', '--to', '5%'], 'progressing'],
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
    expect(stdout).toMatch(/rollback +user +progressing 2 → progressing 1 .*too slow/);
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

const EMPTY_STORE = JSON.stringify({ values: {}, leases: {}, boxes: {} });

test.each(['status', 'get', 'history', 'rollback'])('%s exits with 4 if the store has no rollout', async (command) => {
  await using own = await folderWith({ 'state.json': EMPTY_STORE });
  const { exitCode, stdout, stderr } = await own.run(command, '--store', 'state.json');
  expect([exitCode, stdout]).toEqual([4, '']);
  expect(stderr).toBe('The store has no rollout: no process has started one\n');
});

test('a rollback of a rollout that no process has started waits in the store', async () => {
  await using own = await folderWith({ 'state.json': EMPTY_STORE });
  const args = ['rollback', 'on call', '--store', 'state.json', '--rollout', 'gemini', '--timeout', '200ms'];
  const { exitCode, stderr } = await own.run(...args);
  expect(exitCode).toBe(4);
  expect(stderr).toContain('No running process executed rollback within 200ms');
  const store = fileStore(join(own.path, 'state.json'));
  expect(await store.messages('commands:gemini', 0)).toMatchObject([
    { message: { verb: 'rollback', reason: 'on call' } },
  ]);
});

describe('without a running process and without a configuration', () => {
  /** A folder with nothing but the store of rollouts to these canaries, whose process has ended. */
  async function ended(...canaries: readonly string[]) {
    const own = await folderWith({});
    const store = fileStore(join(own.path, 'state.json'));
    const upstreams = Object.fromEntries(canaries.map((name) => [name, {}]));
    const steps = [{ weight: 0.1, hold: '4h' }, { weight: 0.3 }] as const;
    const process = setUp({ upstreams, canary: { store, rollout: canaries.map((to) => ({ to, steps })) } });
    while ((await store.keys('rollout:')).length < canaries.length) {
      await pass(process);
    }
    await process.ai.canary.close();
    return own;
  }

  test('every command works', async () => {
    await using own = await ended('gemini');
    const runIn = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await own.run(...args, '--store', 'state.json');
      expect([exitCode, stderr]).toEqual([0, '']);
      return stdout;
    };
    expect(await runIn('status')).toMatch(/^gemini {2}progressing {2}step 1 of 2 {2}weight 10 %[^]*of 4 h$/m);
    expect(await runIn('get')).toContain('progressing');
    expect(await runIn('pause', 'until Monday')).toContain('paused');
    expect(await runIn('resume')).toContain('progressing');
    expect(await runIn('set-weight', '5%')).toContain('weight 5 %');
    expect(await runIn('promote')).toContain('step 2/2');
    expect(await runIn('promote')).toContain('promoted');
    expect(await runIn('undo')).toContain('rolledBack');
    expect(await runIn('retry')).toContain('progressing');
    expect(await runIn('rollback', 'users complain')).toContain('rolledBack');
    const history = JSON.parse(await runIn('history', '--json')) as { verb: string }[];
    expect(history.map(({ verb }) => verb)).toEqual([
      'pause',
      'resume',
      'setWeight',
      'promote',
      'promote',
      'undo',
      'retry',
      'rollback',
    ]);
    const store = fileStore(join(own.path, 'state.json'));
    const next = setUp({
      upstreams: { gemini: {} },
      canary: { store, rollout: { to: 'gemini', steps: [{ weight: 0.1, hold: '4h' }, { weight: 0.3 }] } },
    });
    while (next.ai.canary.rollout.state.phase !== 'rolledBack') {
      await pass(next);
    }
    expect(next.ai.canary.rollout.state.reason).toBe('users complain');
    await next.ai.canary.close();
  }, 60_000);

  test('a command waits for a store that is locked, until the lock is found to be that of a dead process', async () => {
    await using own = await ended('gemini');
    await acquireFileLock(join(own.path, 'state.json.lock'), () => undefined);
    const { exitCode, stdout, stderr } = await own.run('rollback', 'on call', '--store', 'state.json');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('rolledBack');
  });

  test('a verb that is not possible exits with 3, and leaves no command', async () => {
    await using own = await ended('gemini');
    const { exitCode, stderr } = await own.run('undo', '--store', 'state.json');
    expect([exitCode, stderr]).toEqual([3, 'undo() is not possible while the rollout to gemini is progressing.\n']);
    expect(await fileStore(join(own.path, 'state.json')).messages('commands:gemini', 0)).toEqual([]);
  });

  test('several rollouts need a name, and each is found by it', async () => {
    await using own = await ended('gemini', 'groq');
    const runIn = (...args: readonly string[]) => own.run(...args, '--store', 'state.json');
    expect(await runIn('rollback')).toMatchObject({
      exitCode: 2,
      stderr: '--rollout should be one of gemini, groq: the store has several rollouts\n',
    });
    expect(await runIn('status', '--rollout', 'gorq')).toMatchObject({
      exitCode: 2,
      stderr: '--rollout should be one of gemini, groq, got "gorq"; did you mean groq?\n',
    });
    expect((await runIn('rollback', '--rollout', 'groq')).stdout).toMatch(/^groq {2}rolledBack/);
    expect((await runIn('get', '--rollout', 'gemini')).stdout).toMatch(/^gemini {2}progressing/);
    const tooMuch = await runIn('set-weight', '0.9', '--rollout', 'gemini');
    expect(tooMuch).toMatchObject({ exitCode: 2, stderr: 'weight should be between 0 and 0.3, got 0.9\n' });
  }, 60_000);

  test('a state that cannot be read is named, and exits with 4', async () => {
    await using own = await ended('gemini');
    await fileStore(join(own.path, 'state.json')).write('rollout:gemini', { version: 2 }, 99);
    const { exitCode, stderr } = await own.run('status', '--store', 'state.json');
    expect(exitCode).toBe(4);
    expect(stderr).toBe(
      'The rollout to gemini in the store cannot be read: its version is 2, this release reads 1. The canary gets no calls until retry\n',
    );
  });

  test('a file that is no store is named, and exits with 4', async () => {
    await using own = await folderWith({ 'state.json': '{"values": ' });
    const { exitCode, stderr } = await own.run('status', '--store', 'state.json');
    expect(exitCode).toBe(4);
    expect(stderr).toContain(
      'The rollouts in the store cannot be read: the store has lost it: state.json is not a valid store',
    );
  });
});

test.each([
  [
    ['status'],
    'A running process is reached through its store: pass its file or the address of its Redis with --store, or set canary.store',
  ],
  [['status', '--store', 's.json'], '--store should be an existing file, got "s.json"'],
  [['rollback', '--store', 's.json'], '--store should be an existing file, got "s.json"'],
  [['set-weight', '5', '--store', 's.json'], 'The share should be between 0 and 1, or between 0% and 100%, got 5'],
  [
    ['set-weight', '101%', '--store', 's.json'],
    'The share should be between 0 and 1, or between 0% and 100%, got 101%',
  ],
])('rejects %j, and creates no file', async (args, message) => {
  await using own = await folderWith({ 'openai-canary.config.json': CONFIG });
  const { exitCode, stderr } = await own.run(...args);
  expect([exitCode, stderr]).toEqual([2, `${message}\n`]);
  expect(await readdir(own.path)).toEqual(['openai-canary.config.json']);
});

test.each([[['--help']], [['rollback', '--help']], [['history', '--help']]])(
  'ends without a word when the reader of %j goes away',
  async (args) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [exitCode] = (await once(child, 'close')) as [number];
    expect([exitCode, stderr]).toEqual([0, '']);
  },
);
