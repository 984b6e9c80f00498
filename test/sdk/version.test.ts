/** The contract is tested with the oldest and the newest supported SDK. */

import { OpenAI } from 'openai';
import { expect, inject, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { createServer } from './support/server.ts';

test('the tests and the library use the SDK version of this run', async () => {
  const server = createServer([{ body: {} }]);
  const options = { apiKey: 'sk-a', fetch: server.fetch };
  await new OpenAI(options).models.retrieve('a');
  await new CanaryClient(options).models.retrieve('a');
  const version = inject('openaiVersion');
  expect(server.userAgents).toEqual([`OpenAI/JS ${version}`, `CanaryClient/JS ${version}`]);
});

test('the library extends the same class that the application imports', () => {
  expect(Object.getPrototypeOf(CanaryClient)).toBe(OpenAI);
});
