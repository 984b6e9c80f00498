/** The published types, compiled in a strict application that also checks its libraries. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, inject, test } from 'vitest';

const compiler = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--types', 'node'];
const resolutions = [
  { name: 'node16', flags: ['--module', 'node16'], files: ['application.mts', 'application.cts'] },
  { name: 'bundler', flags: ['--module', 'preserve', '--moduleResolution', 'bundler'], files: ['application.mts'] },
];

// Concurrent, because each compiler takes seconds and they share no state.
describe.concurrent.each(inject('consumers'))('with openai $sdkVersion', ({ directory }) => {
  test.each(resolutions)('an application compiles under $name resolution', async ({ flags, files }) => {
    const child = spawn(process.execPath, [compiler, ...strict, '--skipLibCheck', 'false', ...flags, ...files], {
      cwd: directory,
    });
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect({ status, output }).toEqual({ status: 0, output: '' });
  });
});
