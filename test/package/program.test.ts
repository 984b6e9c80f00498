/** The command-line program in an application that has installed the package. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { runProgram } from '../support/run-program.ts';
import type { Consumer } from './pack.ts';
import packageJson from '../../package.json' with { type: 'json' };

test.each(inject('consumers'))(
  'runs with openai $sdkVersion, and prints its commands and its version',
  ({ directory }) => {
    const program = join(directory, 'node_modules/openai-canary/dist/cli.js');
    const help = execFileSync(process.execPath, [program, '--help'], { cwd: directory, encoding: 'utf8' });
    expect(help).toMatch(/^Usage: openai-canary/);
    expect(help).toMatch(/^ {2}try /m);
    const version = execFileSync(process.execPath, [program, '--version'], { cwd: directory, encoding: 'utf8' });
    expect(version).toBe(`${packageJson.version}\n`);
  },
);

test.each(inject('consumers'))('reads YAML and makes calls with openai $sdkVersion', ({ directory }) => {
  const program = join(directory, 'node_modules/openai-canary/dist/cli.js');
  const config = join(import.meta.dirname, 'consumer/openai-canary.config.yaml');
  const args = [program, 'try', '--simulate', '--json', '--calls', '4', '--config', config];
  const told = JSON.parse(execFileSync(process.execPath, args, { cwd: directory, encoding: 'utf8' })) as object;
  expect(told).toMatchObject({ served: 4, lost: 0 });
});

test('the errors of the ES module and of the CommonJS copy are instances of each other’s classes', () => {
  const [{ directory }] = inject('consumers') as [Consumer];
  const script = `
    import * as esm from 'openai-canary';
    import { createRequire } from 'node:module';
    const cjs = createRequire(import.meta.url)('openai-canary');
    const errorOf = ({ CanaryClient }) => {
      try { new CanaryClient({ apiKey: 'k', canary: { wieghts: {} } }); } catch (error) { return error; }
    };
    console.log(JSON.stringify([
      esm.ConfigError === cjs.ConfigError,
      errorOf(cjs) instanceof esm.ConfigError,
      errorOf(esm) instanceof cjs.ConfigError,
      errorOf(cjs) instanceof esm.RolloutError,
    ]));
  `;
  writeFileSync(join(directory, 'two-copies.mjs'), script);
  const printed = execFileSync(process.execPath, ['two-copies.mjs'], { cwd: directory, encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual([false, true, true, false]);
});

test.each(['ts', 'mjs', 'cjs'])(
  'what init writes as .%s runs in an application, and compiles under strict rules',
  async (extension) => {
    const [{ directory }] = inject('consumers') as [Consumer];
    const project = join(directory, `init-${extension}`);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: extension === 'cjs' ? 'commonjs' : 'module' }));
    const program = join(directory, 'node_modules/openai-canary/dist/cli.js');
    const args = extension === 'ts' ? ['--typescript'] : [];
    execFileSync(process.execPath, [program, 'init', ...args], { cwd: project });
    const example = `openai-canary.example.${extension}`;
    const { exitCode, stdout, stderr } = await runProgram(join(project, example), {
      simulatesNetwork: true,
      cwd: project,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^user-5 → openai: .+\ncost: \$0\.00\d+\nrollout to mini: step 1 of 4, /m);
    const compiler = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--checkJs',
      '--skipLibCheck',
      '--allowImportingTsExtensions',
      '--types',
      'node',
    ];
    const module = ['--module', 'node20', '--target', 'es2023'];
    const compiled = spawnSync(process.execPath, [compiler, ...flags, ...module, example], {
      cwd: project,
      encoding: 'utf8',
    });
    expect({ status: compiled.status, output: compiled.stdout }).toEqual({ status: 0, output: '' });
  },
);
