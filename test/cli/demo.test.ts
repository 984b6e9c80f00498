/** `openai-canary demo`, which `npm run demo` runs. */

import { expect, test } from 'vitest';
import { runProgram as runCommand } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { runProgram } from '../support/run-program.ts';
import { PROGRAM, folderWith } from './run-cli.ts';

test('the demo advances and rolls back its canary on evidence, and loses no call', { timeout: 60_000 }, async () => {
  const { exitCode, stdout, stderr } = await runProgram(PROGRAM, { args: ['demo'] });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/\d+ calls show it to be no worse: the canary gets 25 % of the users/);
  expect(stdout).toMatch(/ROLLBACK of deepseek\. \w+: .+ against .+ of stable/);
  expect(stdout).toMatch(/✓ no call was lost: \d+ served, 0 lost/);
  expect(stdout).not.toContain('✗');
  expect(exitCode).toBe(0);
});

test('the live demo stays within its spending limit', async () => {
  const { exitCode, stdout } = await runProgram(PROGRAM, {
    args: ['demo', '--live'],
    simulatesNetwork: true,
  });
  expect(stdout).toContain('user-39 →');
  expect(exitCode).toBe(0);
});

test('an option that is not a number is refused', async () => {
  await using folder = await folderWith({ 'trace.csv': 'TIMESTAMP,ContextTokens,GeneratedTokens\n0,100,20' });
  const refused = await folder.run('demo', '--trace', 'trace.csv', '--speed', 'fast');
  expect(refused).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('--speed should be a number'),
  });
});

test('Ctrl-C ends the demo without a verdict', async () => {
  const interrupted = new AbortController();
  let printed = '';
  const stdout = {
    isTTY: false,
    write: (text: string | Uint8Array) => ((printed += String(text)), interrupted.abort(), true),
  };
  const terminal = terminalOf({ stdout, stderr: stdout, env: {} });
  expect(await runCommand(['demo'], { terminal, signal: interrupted.signal })).toBe(130);
  expect(printed).toContain('The canary gets copies');
  expect(printed).not.toMatch(/[✓✗]/);
});
