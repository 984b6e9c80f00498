/** How the caller consumes a response: the first choice counts. */

import { expect, test } from 'vitest';
import { ResponseMode } from '../../src/upstream/response-mode.ts';

test('keeps the first choice', () => {
  const mode = new ResponseMode();
  mode.choose('raw');
  mode.choose('parsed');
  expect(mode.chosen()).toBe('raw');
});

test('resolves a pending mode when the caller chooses', async () => {
  const mode = new ResponseMode();
  const chosen = mode.chosen();
  mode.choose('parsed');
  mode.choose('raw');
  await expect(chosen).resolves.toBe('parsed');
});

test('resolves for a second reader of a pending mode', async () => {
  const mode = new ResponseMode();
  void mode.chosen();
  const chosen = mode.chosen();
  mode.choose('raw');
  await expect(chosen).resolves.toBe('raw');
});
