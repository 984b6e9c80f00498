#!/usr/bin/env node
/** The program `openai-canary`. */

import { runProgram } from './program.ts';
import { terminalOf } from './terminal.ts';

const interrupted = new AbortController();
// The first Ctrl-C shuts down cleanly, the second one exits immediately.
process.once('SIGINT', () => interrupted.abort());

// `openai-canary history | head -1`: a reader that has seen enough is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

// The connection of a store does not keep the program alive: without a timer it would end before the answer, without a word.
const alive = setInterval(() => undefined, 60_000);

void runProgram(process.argv.slice(2), { terminal: terminalOf(process), signal: interrupted.signal })
  .then((exitCode) => (process.exitCode = exitCode))
  .finally(() => clearInterval(alive));
