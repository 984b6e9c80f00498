/** Runs a module in a child process, for tests of what happens at the end of a process. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process that does not end by itself within this time is killed, and the test fails. */
const LONGEST_MS = 30_000;

/**
 * Runs `script`, a module that imports the library from `LIBRARY`, and returns its output. Fails unless it exits with
 * 0.
 */
export async function runModule(script: string, flags: readonly string[] = []): Promise<string> {
  const library = new URL('../../src/index.ts', import.meta.url).href;
  const module = `const LIBRARY = ${JSON.stringify(library)};\n${script}`;
  const options = { timeout: LONGEST_MS, env: { ...process.env, OPENAI_API_KEY: 'key', NODE_OPTIONS: '' } };
  const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '-e', module], options);
  return stdout.trim();
}
