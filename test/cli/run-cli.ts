/** Runs the program `openai-canary` in a folder with a configuration. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, type ProgramEnd } from '../support/run-program.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));

/** A folder of its own. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Runs the program there. */
  readonly run: (...args: readonly string[]) => Promise<ProgramEnd>;
  /** Runs it, and presses Ctrl-C as soon as its standard error has `said`. */
  readonly interrupt: (args: readonly string[], said: string) => Promise<ProgramEnd>;
}

/** @param files their contents by name */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'openai-canary-'));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(path, name), text)));
  const here = { cwd: path, env: { NODE_NO_WARNINGS: '1' } };
  return {
    path,
    run: (...args) => runProgram(PROGRAM, { args, ...here }),
    interrupt: (args, said) => runProgram(PROGRAM, { args, interruptAt: said, ...here }),
    // A client that was closed may still be writing its state.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, maxRetries: 10 }),
  };
}

/** Two upstreams, split three to one. */
export const CONFIG = `
canary:
  upstreams:
    deepseek: { provider: holysheep, model: deepseek-v3.2, price: { inputPerMTok: 0.42, outputPerMTok: 1.2 } }
  weights: { openai: 75, deepseek: 25 }
  prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 } }
  alerts:
    - { name: errors, metric: errorRate, upstream: deepseek, above: 0.05, minCalls: 20, action: rollback }
`;
