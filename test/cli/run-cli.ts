/** Runs the program `openai-canary` in a temporary folder with a configuration. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, type ProgramEnd } from '../support/run-program.ts';

/** The file of the program. */
export const PROGRAM = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));

/** A temporary folder, removed on disposal. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Runs the program in the folder. */
  readonly run: (...args: readonly string[]) => Promise<ProgramEnd>;
  /** Runs the program, and sends Ctrl-C as soon as standard error contains `trigger`. */
  readonly interrupt: (args: readonly string[], trigger: string) => Promise<ProgramEnd>;
}

/** @param files contents by file name */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'openai-canary-'));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(path, name), text)));
  const here = { cwd: path, env: { NODE_NO_WARNINGS: '1' } };
  return {
    path,
    run: (...args) => runProgram(PROGRAM, { args, ...here }),
    interrupt: (args, trigger) => runProgram(PROGRAM, { args, interruptAt: trigger, ...here }),
    // A closed client may still be writing its state.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, maxRetries: 10 }),
  };
}

/** Two upstreams, split 3 to 1. */
export const CONFIG = `
canary:
  upstreams:
    deepseek: { provider: holysheep, model: deepseek-v3.2, price: { inputPerMTok: 0.42, outputPerMTok: 1.2 } }
  weights: { openai: 75, deepseek: 25 }
  prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 } }
  alerts:
    - { name: errors, metric: errorRate, upstream: deepseek, above: 0.05, minCalls: 20, action: rollback }
`;
