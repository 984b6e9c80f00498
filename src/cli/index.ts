#!/usr/bin/env node
/** The program `openai-canary`. */

import { runProgram } from './program.ts';
import { terminalOf } from './terminal.ts';

const interrupted = new AbortController();
// The first Ctrl-C shuts down cleanly, the second one exits immediately.
process.once('SIGINT', () => interrupted.abort());

void runProgram(process.argv.slice(2), { terminal: terminalOf(process), signal: interrupted.signal }).then(
  (exitCode) => (process.exitCode = exitCode),
);
