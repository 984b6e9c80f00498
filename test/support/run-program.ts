/** Runs a program in a child process, with a loopback provider in place of the network. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startProvider } from '../../src/testing/index.ts';

/** How a program ended. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The time limit of a program, in ms. */
const PROGRAM_TIMEOUT_MS = 60_000;

/** Fake keys for every provider that programs use. */
const KEYS = {
  OPENAI_API_KEY: 'test-openai-key',
  HOLYSHEEP_API_KEY: 'test-holysheep-key',
  DEEPSEEK_API_KEY: 'test-deepseek-key',
  GEMINI_API_KEY: 'test-gemini-key',
  AZURE_OPENAI_API_KEY: 'test-azure-key',
};

export interface ProgramOptions {
  readonly args?: readonly string[];
  /** Sends requests to any host to a loopback provider. @default false: the program starts its own servers */
  readonly simulatesNetwork?: boolean;
  /** The working directory. @default that of the test */
  readonly cwd?: string;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sends SIGINT (Ctrl-C) as soon as the program prints this. @default never */
  readonly interruptAt?: string;
}

/** Runs `file` with Node. */
export async function runProgram(file: string, options: ProgramOptions = {}): Promise<ProgramEnd> {
  const { args = [], simulatesNetwork = false, cwd, env, interruptAt } = options;
  await using provider = await startProvider();
  const preload = simulatesNetwork ? ['--import', fileURLToPath(new URL('./loopback-fetch.ts', import.meta.url))] : [];
  const child = spawn(process.execPath, [...preload, file, ...args], {
    env: { PATH: process.env.PATH, ...KEYS, LOOPBACK_PROVIDER: provider.url, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PROGRAM_TIMEOUT_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (interruptAt !== undefined && text.includes(interruptAt)) child.kill('SIGINT');
  });
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, stdout, stderr };
}
