/** The command-line program in an application that has installed the package. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

test.each(inject('consumers'))(
  'runs with openai $sdkVersion, and prints its commands and its version',
  ({ directory }) => {
    const program = join(directory, 'node_modules/openai-canary/dist/cli.js');
    const help = execFileSync(process.execPath, [program, '--help'], { cwd: directory, encoding: 'utf8' });
    expect(help).toMatch(/^Usage: openai-canary/);
    expect(help).toMatch(/^ {2}try /m);
    const version = execFileSync(process.execPath, [program, '--version'], { cwd: directory, encoding: 'utf8' });
    expect(version).toBe(`${packageJson.version}\n`);
  },
);

test.each(inject('consumers'))('reads YAML and makes calls with openai $sdkVersion', ({ directory }) => {
  const program = join(directory, 'node_modules/openai-canary/dist/cli.js');
  const config = join(import.meta.dirname, 'consumer/openai-canary.config.yaml');
  const args = [program, 'try', '--simulate', '--json', '--calls', '4', '--config', config];
  const told = JSON.parse(execFileSync(process.execPath, args, { cwd: directory, encoding: 'utf8' })) as object;
  expect(told).toMatchObject({ served: 4, lost: 0 });
});
