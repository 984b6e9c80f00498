/** What the caller wants of a response: the first wish counts. */

import { expect, test } from 'vitest';
import { ResponseMode } from '../../src/upstream/response-mode.ts';

test('the first claim stands, whatever is claimed later', () => {
  const mode = new ResponseMode();
  mode.choose('raw');
  mode.choose('parsed');
  expect(mode.chosen()).toBe('raw');
});

test('a claim that is waited for is told when it is made', async () => {
  const mode = new ResponseMode();
  const made = mode.chosen();
  mode.choose('parsed');
  mode.choose('raw');
  await expect(made).resolves.toBe('parsed');
});

test('a claim that was looked at before is told to who waits for it', async () => {
  const mode = new ResponseMode();
  void mode.chosen();
  const made = mode.chosen();
  mode.choose('raw');
  await expect(made).resolves.toBe('raw');
});
