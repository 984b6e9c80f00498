/** A process of its own, for what ends only with one. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process that should end by itself and does not is killed, and the test fails. */
const LONGEST_MS = 8_000;

/** What `script`, a module that finds the library at `LIBRARY`, prints before it ends; fails unless it ends well. */
export async function runModule(script: string, flags: readonly string[] = []): Promise<string> {
  const library = new URL('../../src/index.ts', import.meta.url).href;
  const module = `const LIBRARY = ${JSON.stringify(library)};\n${script}`;
  const options = { timeout: LONGEST_MS, env: { ...process.env, OPENAI_API_KEY: 'key', NODE_OPTIONS: '' } };
  const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '-e', module], options);
  return stdout.trim();
}
