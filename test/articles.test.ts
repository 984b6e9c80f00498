/** Runs the examples that follow an article from its start to its end, and checks what they print and what reached the providers. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from './support/run-program.ts';

/** What an example prints. It has ended well, without a word on stderr. */
async function outputOf(example: string): Promise<string> {
  const folder = fileURLToPath(new URL('../examples/articles', import.meta.url));
  const { exitCode, stdout, stderr } = await runProgram(join(folder, example));
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout;
}

test('three-models.ts splits 85/10/5, reports costs, and gives the share of a failing model to the others', async () => {
  const output = await outputOf('three-models.ts');
  const [, openai, gemini, deepseek] = /^500 calls reached: openai (\d+), gemini (\d+), deepseek (\d+)$/m
    .exec(output)!
    .map(Number) as [number, number, number, number];
  expect(openai + gemini + deepseek).toBe(500);
  expect(openai / 500).toBeCloseTo(0.85, 1);
  expect(gemini / 500).toBeCloseTo(0.1, 1);
  // 1,000 input and 250 output tokens cost 0.004 USD on stable.
  expect(output).toMatch(new RegExp(`^openai +${openai} +${(openai * 0.004).toFixed(4)} +0\\.0000$`, 'm'));
  const [, cost, saved] = /^total +500 +(\S+) +(\S+)$/m.exec(output)!.map(Number) as [number, number, number];
  expect(cost + saved).toBeCloseTo(500 * 0.004, 3);
  expect(output).toContain('ROLLBACK of deepseek: deepseek fails: errorRate');
  expect(output).toMatch(/^[1-9]\d* requests failed at deepseek, and all 500 calls were answered\./m);
  expect(output).toContain('openai 89.5 %, gemini 10.5 %, deepseek 0.0 %');
  expect(output).toContain('500 calls later, deepseek has received 0 more requests.');
});
