/**
 * Time to import the built package against the SDK alone, in new processes in turns: the median, and the least, which other programs on the machine
 * disturb less. Needs `npm run build` first.
 */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const RUNS = 15;
const FORMATS = {
  module: (name: string) => `await import('${name}')`,
  commonjs: (name: string) => `require('${name}')`,
};

interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Imports in a new process; the start of Node itself is not measured. */
function measure(type: keyof typeof FORMATS, name: string): Measured {
  const script = `
    const cpu = process.cpuUsage(), startMs = performance.now();
    ${FORMATS[type](name)};
    const wallMs = performance.now() - startMs, { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
  `;
  const cwd = join(import.meta.dirname, '..');
  const printed = execFileSync(process.execPath, [`--input-type=${type}`, '--eval', script], { cwd, encoding: 'utf8' });
  return JSON.parse(printed) as Measured;
}

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const FIGURES = {
  median: (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? NaN,
  least: (values: readonly number[]): number => sorted(values)[0] ?? NaN,
};

for (const type of ['module', 'commonjs'] as const) {
  const sdk: Measured[] = [];
  const own: Measured[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    sdk.push(measure(type, 'openai'));
    own.push(measure(type, 'openai-canary'));
  }
  for (const unit of ['wallMs', 'cpuMs'] as const) {
    for (const [name, figure] of Object.entries(FIGURES)) {
      const [before = NaN, after = NaN] = [sdk, own].map((measured) => figure(measured.map((values) => values[unit])));
      const times = `openai ${before.toFixed(0)}, openai-canary ${after.toFixed(0)}`;
      console.log(`${type}, ${unit}, ${name}: ${times}, ${(after / before).toFixed(2)} times`);
    }
  }
}
