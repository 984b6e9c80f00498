/** The list of prices in the packed package: it is unpacked when the first price is looked up, and has every price of the library. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProvider } from '@pydantic/genai-prices';
import { expect, inject, test } from 'vitest';
import { costOf } from '../../src/cost-of.ts';

const { directory } = inject('consumers')[0]!;
const usage = { prompt_tokens: 300_000, completion_tokens: 1_000, prompt_tokens_details: { cached_tokens: 1_000 } };
const at = Date.UTC(2026, 8, 1);

/** Every listed model of some providers. */
const inputs = ['openai', 'anthropic', 'google', 'deepseek', 'groq', 'openrouter'].flatMap((provider) =>
  findProvider({ providerId: provider })!.models.map(({ id }) => ({ provider, model: id, usage, at })),
);

/** Prints the costs, and how often something had been unpacked after the import, after the first cost and after all costs. */
const SCRIPT = `
  const unpack = zlib.brotliDecompressSync;
  let count = 0;
  zlib.brotliDecompressSync = (...values) => ((count += 1), unpack(...values));
  syncBuiltinESMExports();
  const run = ({ costOf }) => {
    const counts = [count];
    const costs = ${JSON.stringify(inputs)}.map((input) => {
      const { costUsd } = costOf(input);
      counts[1] ??= count;
      return costUsd;
    });
    console.log(JSON.stringify({ costs, counts: [...counts, count] }));
  };
`;
const IMPORTS = {
  mjs: `import zlib from 'node:zlib'; import { syncBuiltinESMExports } from 'node:module'; ${SCRIPT} run(await import('openai-canary'));`,
  cjs: `const zlib = require('node:zlib'); const { syncBuiltinESMExports } = require('node:module'); ${SCRIPT} run(require('openai-canary'));`,
};

test.each(['mjs', 'cjs'] as const)(
  'the list is unpacked once, by the first price, and is complete: .%s',
  (extension) => {
    const file = join(directory, `prices.${extension}`);
    writeFileSync(file, IMPORTS[extension]);
    const { costs, counts } = JSON.parse(execFileSync(process.execPath, [file], { cwd: directory, encoding: 'utf8' }));
    expect(counts).toEqual([0, 1, 1]);
    expect(inputs.length).toBeGreaterThan(500);
    expect(costs).toEqual(inputs.map((input) => costOf(input).costUsd));
    expect(costs.filter((costUsd: number | null) => costUsd !== null).length).toBeGreaterThan(inputs.length / 2);
  },
);
