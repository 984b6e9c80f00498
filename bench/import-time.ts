/** Time to import the built package against the SDK alone: medians of 15 new processes each, in turns. Needs `npm run build` first. */

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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

for (const type of ['module', 'commonjs'] as const) {
  const sdk: Measured[] = [];
  const own: Measured[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    sdk.push(measure(type, 'openai'));
    own.push(measure(type, 'openai-canary'));
  }
  for (const unit of ['wallMs', 'cpuMs'] as const) {
    const [before, after] = [sdk, own].map((measured) => median(measured.map((values) => values[unit])));
    const ratio = (after ?? NaN) / (before ?? NaN);
    console.log(
      `${type}, ${unit}: openai ${before?.toFixed(0)}, openai-canary ${after?.toFixed(0)}, ${ratio.toFixed(2)} times`,
    );
  }
}
