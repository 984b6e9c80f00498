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

test('sticky-proxy.ts keeps each user with one model, and a wider split moves users in one direction', async () => {
  const output = await outputOf('sticky-proxy.ts');
  const numbers = (pattern: RegExp) => pattern.exec(output)!.slice(1).map(Number);
  const [openai, deepseek, both] = numbers(/only openai (\d+), only deepseek (\d+), both (\d+)/) as [
    number,
    number,
    number,
  ];
  expect(openai + deepseek).toBe(200);
  expect(deepseek / 200).toBeCloseTo(0.2, 1);
  expect(both).toBe(0);
  expect(output).toContain('X-Canary: true sends a user of openai to deepseek for one call.');
  expect(output).toContain('The split is 50/50 now (200):');
  const [moved, back] = numbers(/from openai to deepseek (\d+), from deepseek to openai (\d+)/) as [number, number];
  expect(Math.abs(moved / 200 - 0.3)).toBeLessThan(0.12);
  expect(back).toBe(0);
  const counted = [...output.matchAll(/^ {2}openai_canary_calls_total\{assigned="(\w+)".*\} (\d+)$/gm)];
  // Five calls of each user, one that was forced, and one more of each.
  expect(Object.fromEntries(counted.map(([, upstream, calls]) => [upstream, Number(calls)]))).toEqual({
    openai: 5 * openai + openai - moved,
    deepseek: 5 * deepseek + 1 + deepseek + moved,
  });
});

test('five-phases.ts rolls a broken relay back without a lost call, and promotes it once it is mended', async () => {
  const output = await outputOf('five-phases.ts');
  expect(output).toContain('validated: chat pass, usage pass, tools pass, jsonSchema pass');
  const phases = [...output.matchAll(/min {2}(the relay gets .*|ROLLBACK|promoted)/g)].map(([, text]) => text);
  expect(phases).toEqual([
    'the relay gets 1 % of calls',
    'the relay gets 5 % of calls',
    'ROLLBACK',
    'the relay gets copies',
    ...[1, 5, 25, 50, 99].map((percent) => `the relay gets ${percent} % of calls`),
    'promoted',
  ]);
  expect(output).toMatch(/ROLLBACK: errorRate: \d+ of \d+ canary calls failed/);
  expect(output).toContain('alert, critical: open breakers (firing)');
  const [calls, openai, relay] = /(\d+) calls, all of them answered\. openai received (\d+) requests, the relay (\d+)/
    .exec(output)!
    .slice(1)
    .map(Number) as [number, number, number];
  expect(openai + relay).toBeGreaterThan(calls);
}, 120_000);

test('four-phases.ts sends copies, then users who opted in, then a share of all users, then all', async () => {
  const output = await outputOf('four-phases.ts');
  const answered = (phase: string): Record<string, number> =>
    Object.fromEntries(
      [...new RegExp(`${phase} .*by gemini: (.*)$`, 'm').exec(output)![1]!.matchAll(/(\w+) (\d+)/g)].map(
        ([, plan, count]) => [plan, Number(count)],
      ),
    );
  expect(answered('shadow')).toEqual({});
  expect(Object.keys(answered('segment'))).toEqual(['premium', 'beta']);
  const [small, large, all] = ['5 %', '25 %', '99 %'].map((phase) => answered(phase)['free']!) as [
    number,
    number,
    number,
  ];
  // Seven users in ten have the plan `free`; the last phase ends as soon as it is proven.
  expect(small / (1_500 * 0.7)).toBeCloseTo(0.05, 1);
  expect(large / (1_500 * 0.7)).toBeCloseTo(0.25, 1);
  expect(all).toBeGreaterThan(0);
  expect(output).toMatch(/^(\d+) copies, \1 of them with the same answer\.$/m);
}, 60_000);

test('tiers.ts gives tasks their models, keeps to its budget, saves repeated calls, and falls back tier by tier', async () => {
  const output = await outputOf('tiers.ts');
  const line = (start: string): string => new RegExp(`^${start} +(.*)$`, 'm').exec(output)![1]!;
  expect(line('a summary')).toBe('gpt-6-luna');
  expect(line('the same summary again')).toBe('gpt-6-luna, 1 request');
  expect(line('a contract')).toBe('gpt-6-sol');
  expect(line('a contract for at most 0.004 USD')).toBe('gpt-6-luna');
  const [, byStrong, spentUsd] = /^(\d+) by the strong model for (\S+) USD/
    .exec(line('30 contracts, 0.05 USD a day'))!
    .map(Number) as [number, number, number];
  // A contract costs 0.00325 USD; the first was asked before.
  expect(spentUsd).toBeCloseTo((byStrong + 1) * 0.00325, 4);
  expect(spentUsd).toBeLessThanOrEqual(0.05);
  const [, bySmall, byNext] = /^(\d+) by the small model, (\d+) by the canary$/
    .exec(line('50 calls while openai is down'))!
    .map(Number) as [number, number, number];
  expect(bySmall + byNext).toBe(50);
  const steps = [...output.matchAll(/min {2}(\d+ %|promoted)$/gm)].map(([, text]) => text);
  expect(steps).toEqual(['15 %', '30 %', '50 %', '99 %', 'promoted']);
  expect(output).toMatch(/^next +\d+ +\d+\.\d\d +[1-9]\d*\.\d\d$/m);
}, 60_000);
