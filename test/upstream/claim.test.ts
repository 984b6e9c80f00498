/** What the caller wants of a response: the first wish counts. */

import { expect, test } from 'vitest';
import { Claim } from '../../src/upstream/response-mode.ts';

test('the first claim stands, whatever is claimed later', () => {
  const claim = new Claim();
  claim.make('raw');
  claim.make('parsed');
  expect(claim.made()).toBe('raw');
});

test('a claim that is waited for is told when it is made', async () => {
  const claim = new Claim();
  const made = claim.made();
  claim.make('parsed');
  claim.make('raw');
  await expect(made).resolves.toBe('parsed');
});

test('a claim that was looked at before is told to who waits for it', async () => {
  const claim = new Claim();
  void claim.made();
  const made = claim.made();
  claim.make('raw');
  await expect(made).resolves.toBe('raw');
});
