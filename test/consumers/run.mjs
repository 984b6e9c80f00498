/**
 * Installs the packed package beside each library of this folder, in a temporary folder, and makes calls through both. Needs a
 * build and the registry. Run: npm run consumers [-- name …]
 */

import { execFile, execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProvider } from '../../dist/testing.js';

const here = import.meta.dirname;
const root = join(here, '../..');
const asked = process.argv.slice(2);
const files = (await readdir(here)).filter((file) => !['run.mjs', 'client.mjs'].includes(file));
const names = files
  .map((file) => file.replace('.mjs', ''))
  .filter((name) => asked.length === 0 || asked.includes(name));
const base = await realpath(await mkdtemp(join(tmpdir(), 'openai-canary-consumers-')));
execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', base], { cwd: root });
const [archive] = await readdir(base);
await using provider = await startProvider();

const rows = [];
for (const name of names) {
  const started = performance.now();
  const row = await tryConsumer(name).catch((error) => ({ result: reasonOf(error) }));
  const seconds = Math.round((performance.now() - started) / 1_000);
  rows.push({ consumer: name, ...row, seconds });
  console.log(`${name}: ${row.result} (${row.version ?? 'not installed'}, ${seconds} s)`);
}
console.table(rows);
await rm(base, { recursive: true, maxRetries: 10 });
process.exitCode = rows.every(({ result }) => result === 'works') ? 0 : 1;

async function tryConsumer(name) {
  const directory = join(base, name);
  await mkdir(directory);
  await writeFile(join(directory, 'package.json'), '{ "private": true }');
  const program = `${name}.mjs`;
  for (const file of ['client.mjs', program]) await copyFile(join(here, file), join(directory, file));
  const packages = /@packages (.*?) \*\//.exec(await readFile(join(here, program), 'utf8'))[1].split(' ');
  // Several of the libraries do not name the newest SDK as a peer yet.
  const flags = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--silent'];
  await run('npm', ['install', ...flags, join(base, archive), 'openai', ...packages], { cwd: directory });
  const [library] = packages;
  const manifest = join(directory, 'node_modules', library.replace(/(?<=.)@.*/, ''), 'package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const env = { PATH: process.env.PATH, PROVIDER_URL: provider.url, OPENAI_API_KEY: 'unused' };
  const result = await run(process.execPath, [program], { cwd: directory, env, timeout: 60_000 }).then(
    () => 'works',
    (error) => reasonOf(error),
  );
  return { version, result };
}

function run(command, args, options) {
  return promisify(execFile)(command, args, options);
}

/** The line of the error in what a program has printed. */
function reasonOf(error) {
  const lines = String(error.stderr || error.message).split('\n');
  return (lines.find((line) => /Error\b/.test(line)) ?? lines[0] ?? 'failed').slice(0, 160);
}
