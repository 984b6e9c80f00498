/** `openai-canary init`: what it writes runs in each kind of project, and nothing is overwritten. */

import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { STARTERS } from '../../src/cli/init/starter.ts';
import { writeStarter } from '../../src/cli/init/write-starter.ts';
import { CanaryClient, type CanaryOptions } from '../../src/index.ts';
import { runProgram } from '../support/run-program.ts';
import { folderWith, type Folder } from './run-cli.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = JSON.stringify(join(root, 'src/index.ts'));

/** A project that has installed this package, from its source, and the SDK. */
async function projectWith(files: Readonly<Record<string, string>>): Promise<Folder> {
  const folder = await folderWith(files);
  const installed = join(folder.path, 'node_modules/openai-canary');
  await mkdir(installed, { recursive: true });
  await symlink(join(root, 'node_modules/openai'), join(folder.path, 'node_modules/openai'));
  const exports = { import: './index.mjs', require: './index.cjs' };
  await writeFile(join(installed, 'package.json'), JSON.stringify({ name: 'openai-canary', exports }));
  await writeFile(join(installed, 'index.mjs'), `export * from ${source};`);
  await writeFile(join(installed, 'index.cjs'), `module.exports = require(${source});`);
  return folder;
}

const written = async ({ path }: Folder): Promise<string[]> =>
  (await readdir(path)).filter((name) => name.startsWith('openai-canary.')).toSorted();

const MODULE = JSON.stringify({ type: 'module' });
const COMMONJS = JSON.stringify({ type: 'commonjs' });
const WITH_TYPESCRIPT = JSON.stringify({ type: 'commonjs', devDependencies: { typescript: '^6' } });
const openai = { provider: 'openai' };

test.each<[string, Record<string, string>, object, string]>([
  ['an ES module package', { 'package.json': MODULE }, {}, 'mjs'],
  ['a CommonJS package', { 'package.json': COMMONJS }, {}, 'cjs'],
  ['a package without a type', { 'package.json': '{}' }, {}, 'cjs'],
  ['a folder without a package', {}, {}, 'mjs'],
  ['a CommonJS package, for ES modules', { 'package.json': COMMONJS }, { module: 'esm' }, 'mjs'],
  ['an ES module package, for CommonJS', { 'package.json': MODULE }, { module: 'cjs' }, 'cjs'],
  ['an ES module package with a tsconfig.json', { 'package.json': MODULE, 'tsconfig.json': '{}' }, {}, 'ts'],
  ['a CommonJS package with TypeScript', { 'package.json': WITH_TYPESCRIPT }, {}, 'mts'],
  ['a TypeScript package, for JavaScript', { 'package.json': WITH_TYPESCRIPT }, { typescript: false }, 'cjs'],
  ['a JavaScript package, for TypeScript', { 'package.json': MODULE }, { typescript: true }, 'ts'],
])('in %s the files have the right extension', async (_name, files, options, extension) => {
  await using folder = await folderWith(files);
  await writeStarter(folder.path, { ...openai, ...options });
  expect(await written(folder)).toEqual([`openai-canary.config.${extension}`, `openai-canary.example.${extension}`]);
});

test.each<[string, Record<string, string>]>([
  ['mjs', { 'package.json': MODULE }],
  ['cjs', { 'package.json': COMMONJS }],
  ['ts', { 'package.json': MODULE, 'tsconfig.json': '{}' }],
  ['mts', { 'package.json': WITH_TYPESCRIPT }],
])('the example .%s makes its calls and prints the state of the rollout', async (extension, files) => {
  await using folder = await projectWith(files);
  await writeStarter(folder.path, openai);
  const { exitCode, stdout, stderr } = await runProgram(join(folder.path, `openai-canary.example.${extension}`), {
    simulatesNetwork: true,
    cwd: folder.path,
    env: { NODE_NO_WARNINGS: '1' },
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  for (const user of [1, 2, 3, 4, 5])
    expect(stdout).toMatch(new RegExp(`^user-${user} → openai: Hello from gpt-4.1`, 'm'));
  // A simulated provider may answer all calls before the store has answered.
  expect(stdout).toMatch(/^cost: \$0\.00\d+\nrollout to mini: step 1 of 4, (held for \d+ s of 3600 s|starting: .+)$/m);
});

test.each(Object.entries(STARTERS))(
  'the configuration for %s builds a client',
  async (provider, { canary, variables }) => {
    await using folder = await projectWith({ 'package.json': MODULE });
    await writeStarter(folder.path, { provider });
    for (const name of variables) vi.stubEnv(name, name.endsWith('ENDPOINT') ? 'https://acme.openai.azure.com' : 'k');
    const { default: options } = (await import(pathToFileURL(join(folder.path, 'openai-canary.config.mjs')).href)) as {
      default: { canary: CanaryOptions };
    };
    const warnings: string[] = [];
    // Its store is of the installed copy, which the source reads as well.
    const logger = { warn: (message: string) => void warnings.push(message) };
    await using ai = new CanaryClient({ canary: { ...options.canary, store: undefined, logger } });
    vi.unstubAllEnvs();
    expect(ai.canary.rollout.state).toMatchObject({ upstream: canary, steps: 4, step: 0 });
    // Only the store is missing, which was taken away above: every canary has a price.
    expect(warnings).toEqual([expect.stringContaining('(code: rollout)')]);
  },
);

test('the command names the files, and what to do next', async () => {
  await using folder = await folderWith({ 'package.json': MODULE });
  const { exitCode, stdout, stderr } = await folder.run('init', '--provider', 'groq');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('Wrote openai-canary.config.mjs and openai-canary.example.mjs.');
  expect(stdout).toContain('export GROQ_API_KEY=…\n  node openai-canary.example.mjs\n');
});

test('existing files are kept, unless force says otherwise', async () => {
  const config = 'openai-canary.config.mjs';
  await using folder = await folderWith({ 'package.json': MODULE, [config]: 'mine' });
  await expect(writeStarter(folder.path, openai)).rejects.toThrow(`${config} should not exist yet: --force overwrites`);
  expect([await written(folder), await readFile(join(folder.path, config), 'utf8')]).toEqual([[config], 'mine']);
  await writeStarter(folder.path, { ...openai, force: true });
  expect(await readFile(join(folder.path, config), 'utf8')).toContain('export default { canary };');
});

test('an existing example is kept, and no configuration is written beside it', async () => {
  await using folder = await folderWith({ 'package.json': MODULE, 'openai-canary.example.mjs': 'mine' });
  await expect(writeStarter(folder.path, openai)).rejects.toThrow('openai-canary.example.mjs should not exist yet');
  expect(await written(folder)).toEqual(['openai-canary.example.mjs']);
});

test('a configuration of another kind is not hidden, also with force', async () => {
  await using folder = await folderWith({ 'package.json': MODULE, 'openai-canary.config.yaml': 'canary: {}' });
  await expect(writeStarter(folder.path, { ...openai, force: true })).rejects.toThrow(
    'openai-canary.config.yaml exists',
  );
  expect(await written(folder)).toEqual(['openai-canary.config.yaml']);
});

test.each([
  [{ provider: 'deepsek' }, {}, 'did you mean deepseek?'],
  [{ ...openai, module: 'umd' }, {}, '--module should be one of esm, cjs, got "umd"'],
  [openai, { 'package.json': '{' }, 'package.json should contain JSON'],
])('with %j and %j nothing is written', async (options, files, message) => {
  await using folder = await folderWith(files);
  await expect(writeStarter(folder.path, options)).rejects.toThrow(message);
  expect(await written(folder)).toEqual([]);
});
