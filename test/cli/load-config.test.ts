/** `loadConfig`: what an invalid file gets. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../src/cli/load-config.ts';
import { folderWith } from './run-cli.ts';

const SECRET = 'Zq8vK3xN7wTbY5mR';

/** The error of a file with this text, or an empty string. */
async function errorOf(file: string, text: string): Promise<string> {
  await writeFile(file, text);
  return await loadConfig(file).then(
    () => '',
    (error: Error) => error.message + (error.cause instanceof Error ? error.cause.message : ''),
  );
}

test.each([
  [
    'a.yaml',
    `gateway:\n  auth:\n    web: "${SECRET}\n`,
    /a\.yaml: invalid YAML at line \d, column \d+: Missing closing/,
  ],
  ['a.yaml', `gateway:\n  auth: { web: ${SECRET}\n`, /a\.yaml: invalid YAML at line \d, column \d+: Flow map/],
  ['a.yaml', `web: "\\x${SECRET}"`, /a\.yaml: invalid YAML at line 1, column \d+: invalid tag or escape$/],
  ['a.yaml', `web: *${SECRET}`, /a\.yaml: invalid YAML: an alias without its anchor$/],
  ['a.json', `{ "web": ${SECRET} }`, /a\.json: invalid JSON$/],
  ['a.json', `{\n  "web": "${SECRET}",\n}`, /a\.json: invalid JSON at line 3, column 1$/],
])('the error of %s with %j names the position and shows no text of the file', async (name, text, message) => {
  await using folder = await folderWith({});
  const error = await errorOf(join(folder.path, name), text);
  expect(error).toMatch(message);
  expect(error).not.toContain(SECRET);
});

test.each([
  ['yaml', `canary: { weights: { openai: 1 } }\ngateway:\n  auth:\n    web: ${SECRET}\n`],
  ['json', `{ "gateway": { "auth": { "web": "${SECRET}" } } }`],
])('no character too many in a file of %s makes an error or a warning show a token', async (extension, text) => {
  const warning = vi.spyOn(process, 'emitWarning').mockReturnValue();
  onTestFinished(() => warning.mockRestore());
  await using folder = await folderWith({});
  const file = join(folder.path, `a.${extension}`);
  const parts = Array.from({ length: SECRET.length - 4 }, (_, index) => SECRET.slice(index, index + 5));
  const leaks: string[] = [];
  let errors = 0;
  for (let index = 0; index <= text.length; index += 1) {
    for (const extra of '*&!|>"\'[{}:%@`\\\t,') {
      const error = await errorOf(file, text.slice(0, index) + extra + text.slice(index));
      if (error !== '') errors += 1;
      if (parts.some((part) => error.includes(part))) leaks.push(`${JSON.stringify(extra)} at ${index}: ${error}`);
    }
  }
  expect(leaks).toEqual([]);
  expect(errors).toBeGreaterThan(300);
  expect(warning).not.toHaveBeenCalled();
});
