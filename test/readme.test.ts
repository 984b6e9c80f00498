/** Runs every block of the README and of the guides in `docs/`, and checks that they are complete. */

import { access, glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram as runCommand } from '../src/cli/program.ts';
import { terminalOf } from '../src/cli/terminal.ts';
import { runProgram } from './support/run-program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');
/** The guides: all pages but the references, which are generated. */
const guides = new Map<string, string>([['README.md', readme]]);
for await (const file of glob('docs/*.md', { cwd: root, exclude: ['docs/options.md', 'docs/metrics.md'] })) {
  guides.set(file, await readFile(join(root, file), 'utf8'));
}
const blocks = [...guides].flatMap(([page, text]) =>
  [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    page,
    language,
    text: code,
  })),
);
const programs = blocks.filter(({ language }) => language === 'ts');

test('shows the change by line 10 and a rollout by line 60, in about 200 lines', () => {
  const lines = readme.split('\n');
  expect(lines.slice(0, 10).join('\n')).toContain('+const ai = new CanaryClient();');
  expect(lines.slice(0, 60).join('\n')).toMatch(/^```ts$[^]+ rollout: {$[^]+on\('rollback'[^]+^```$/m);
  expect(lines.length).toBeLessThan(220);
  expect(programs.length).toBeGreaterThan(15);
});

test('every block is a program, the change, a command, an output or a configuration', () => {
  const languages = [...new Set(blocks.map(({ language }) => language))];
  expect(languages.toSorted()).toEqual(['console', 'diff', 'sh', 'text', 'ts', 'yaml']);
});

test('every guide is linked from the README, and every link leads to a file', async () => {
  const linked = new Set<string>();
  for (const [page, text] of guides) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      const file = join(page, '..', target);
      await expect(access(join(root, file)), `${page} links ${target}`).resolves.toBeUndefined();
      if (page === 'README.md') linked.add(file);
    }
  }
  expect([...guides.keys()].filter((page) => page !== 'README.md' && !linked.has(page))).toEqual([]);
});

test('the contents list names every section of the README', () => {
  const anchors = [...readme.matchAll(/^## (.+)$/gm)].map(
    ([, title = '']) => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`,
  );
  const [contents = ''] = readme.split(/^## /m);
  expect(anchors.filter((anchor) => !contents.includes(anchor))).toEqual([]);
});

test.for(programs.map(({ page, text }) => [page, text] as const))('program of %s runs to its end', async ([, text]) => {
  // Inside the project, so that the program can import `openai`.
  const folder = await mkdtemp(join(root, 'test', '.program-'));
  try {
    const file = join(folder, 'program.ts');
    await writeFile(file, ownSource(text));
    // In its own folder, because some programs keep their state in a file.
    const { exitCode, stdout, stderr } = await runProgram(file, { simulatesNetwork: true, cwd: folder });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(OUTPUTS[programs.findIndex((program) => program.text === text)] ?? /^/);
  } finally {
    await rm(folder, { recursive: true, maxRetries: 10 });
  }
});

/** What the programs of the README, the first page, print. */
const OUTPUTS = [
  /^gpt-6-sol: .+\ncost: \$0\.0000\d\d\nrollout: step 1 of 4, (held for \d s of 3600 s|starting: .+)\n$/,
  /^next rolled back: errorRate: .+\n100 of 100 calls answered; \d+ requests reached the failing model\n$/,
];

test('the README shows the output of its programs, which need no TypeScript', () => {
  const shown = blocks.filter(({ page, language }) => page === 'README.md' && language === 'text');
  expect(shown).toHaveLength(OUTPUTS.length);
  for (const [index, { text }] of shown.entries()) expect(text).toMatch(OUTPUTS[index]!);
  const typed = programs.filter(({ page, text }) => page === 'README.md' && stripTypeScriptTypes(text) !== text);
  expect(typed).toEqual([]);
});

test('continuous integration runs the commands of the README', async () => {
  const ci = await readFile(join(root, '.ci', 'run'), 'utf8');
  const commands = blocks
    .filter(({ page, language }) => page === 'README.md' && language === 'sh')
    .flatMap(({ text }) => text.trim().split(/\n| && /));
  expect(commands).toContain('npm test');
  for (const command of commands) expect(ci).toContain(`step ${command}\n`);
});

test('the command `plan` accepts the configuration of the README', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openai-canary-'));
  const file = join(folder, 'openai-canary.config.yaml');
  await writeFile(file, blocks.find(({ language }) => language === 'yaml')?.text ?? '');
  const plan = await runCli('plan', '--config', file, '--calls-per-second', '20');
  expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
  expect(plan.stdout).toContain('25 %');
  await rm(folder, { recursive: true, maxRetries: 10 });
});

test('the commands and options in the guides exist', async () => {
  const lines = blocks
    .filter(({ language }) => language === 'console')
    .flatMap(({ text }) => text.trim().split('\n'))
    .filter((line) => !line.startsWith('$ npm install'));
  const { stdout: listed } = await runCli('--help');
  expect(lines.length).toBeGreaterThan(7);
  for (const line of lines) {
    const [, name = '', rest = ''] = /^\$ (?:npx )?openai-canary ([\w-]+)([^#]*)/.exec(line) ?? [];
    expect(listed).toMatch(new RegExp(`^  ${name} `, 'm'));
    const [word = ''] = /^ [a-z]+(?= )/.exec(rest) ?? [];
    const { stdout: own } = await runCli(name, '--help');
    // The command of a command: `prices check`.
    const isCommand = word !== '' && new RegExp(`^ ${word} `, 'm').test(own);
    const help = isCommand ? (await runCli(name, word.trim(), '--help')).stdout : own;
    for (const option of rest.match(/(?<= )--?[a-z-]+/g) ?? []) expect(help).toMatch(new RegExp(`${option}[, ]`));
  }
});

test('the guides mention every option', async () => {
  const texts = [...guides.values()].join('\n');
  const unnamed: string[] = [];
  for await (const file of glob(
    'src/{options,*/options,resilience/limits/options,routing/tasks,upstream/upstream-options}.ts',
    { cwd: root },
  )) {
    const source = await readFile(join(root, file), 'utf8');
    for (const [, fields = ''] of source.matchAll(/^export interface \w+Options\b[^{]*{([^]*?)^}/gm)) {
      for (const [, option = ''] of fields.matchAll(/^  readonly (\w+)\??:/gm)) {
        if (!new RegExp(`\\b${option}\\b`).test(texts)) unnamed.push(`${file}: ${option}`);
      }
    }
  }
  expect(unnamed).toEqual([]);
});

async function runCli(...args: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const terminal = terminalOf({
    stdout: { isTTY: false, write: (text: string | Uint8Array) => ((stdout += String(text)), true) },
    stderr: { isTTY: false, write: (text: string | Uint8Array) => ((stderr += String(text)), true) },
    env: {},
  });
  const exitCode = await runCommand(args, { terminal, signal: new AbortController().signal });
  return { exitCode, stdout, stderr };
}

function ownSource(text: string): string {
  return text
    .replaceAll(/'openai-canary\/(\w+)'/g, (_, entry: string) => JSON.stringify(join(root, 'src', entry, 'index.ts')))
    .replaceAll("'openai-canary'", JSON.stringify(join(root, 'src/index.ts')));
}
