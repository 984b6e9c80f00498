/** The README is true: every block in it runs. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from './support/run-program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const programs = blocks.filter(({ language }) => language === 'ts');

test('the README shows the change by line 10 and a rollout by line 40', () => {
  const lines = readme.split('\n');
  expect(lines.slice(0, 10).join('\n')).toContain('+const ai = new CanaryClient();');
  expect(lines.slice(0, 40).join('\n')).toContain("action: 'rollback'");
  expect(programs.length).toBeGreaterThan(7);
});

test('every block is a program, the change, or a command', () => {
  expect([...new Set(blocks.map(({ language }) => language))].toSorted()).toEqual(['diff', 'sh', 'ts']);
});

test.for(programs.map(({ text }, index) => [index + 1, text] as const))(
  'program %i of the README runs to its end',
  async ([, text]) => {
    // Inside the project, so that `openai` is found.
    const folder = await mkdtemp(join(root, 'test', '.program-'));
    try {
      const file = join(folder, 'program.ts');
      await writeFile(file, ownSource(text));
      const { exitCode, stderr } = await runProgram(file, { simulatesNetwork: true });
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test('the commands of the README are what continuous integration runs', async () => {
  const ci = await readFile(join(root, '.ci', 'run'), 'utf8');
  const commands = blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trim().split(/\n| && /));
  expect(commands).toContain('npm test');
  for (const command of commands) expect(ci).toContain(`step ${command}\n`);
});

function ownSource(text: string): string {
  return text
    .replaceAll("'openai-canary/testing'", JSON.stringify(join(root, 'src/testing/index.ts')))
    .replaceAll("'openai-canary'", JSON.stringify(join(root, 'src/index.ts')));
}
