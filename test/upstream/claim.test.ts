/** What the caller wants of a response: the first wish counts. */

import { expect, test } from 'vitest';
import { ResponseMode } from '../../src/upstream/response-mode.ts';

test('the first claim stands, whatever is claimed later', () => {
  const claim = new ResponseMode();
  claim.choose('raw');
  claim.choose('parsed');
  expect(claim.chosen()).toBe('raw');
});

test('a claim that is waited for is told when it is made', async () => {
  const claim = new ResponseMode();
  const made = claim.chosen();
  claim.choose('parsed');
  claim.choose('raw');
  await expect(made).resolves.toBe('parsed');
});

test('a claim that was looked at before is told to who waits for it', async () => {
  const claim = new ResponseMode();
  void claim.chosen();
  const made = claim.chosen();
  claim.choose('raw');
  await expect(made).resolves.toBe('raw');
});
