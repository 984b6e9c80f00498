/** Which of the user's prices is valid when. */

import { describe, expect, test } from 'vitest';
import { datedPrices, priceAt } from '../../src/pricing/prices.ts';

describe('of several prices', () => {
  const always = { inputPerMTok: 1, outputPerMTok: 1 };
  const march = { inputPerMTok: 3, outputPerMTok: 3, from: '2026-03-01' };
  const june = { inputPerMTok: 6, outputPerMTok: 6, from: '2026-06-01T12:00:00Z' };

  test.each([
    ['the one without a date until the next begins', Date.UTC(2026, 1, 28, 23, 59), always],
    ['the latest from midnight UTC of its day on', Date.UTC(2026, 2, 1), march],
    ['the latest until the next begins', Date.UTC(2026, 5, 1, 11, 59), march],
    ['the latest from its hour on', Date.UTC(2026, 5, 1, 12), june],
  ])('applies %s, in any order of the list', (_, atMs, expected) => {
    const [only] = datedPrices([expected]);
    expect(priceAt(datedPrices([always, march, june]), atMs)).toEqual(only);
    expect(priceAt(datedPrices([june, march, always]), atMs)).toEqual(only);
  });

  test('applies no price before the first one or with an invalid date', () => {
    expect(priceAt(datedPrices([march, june]), Date.UTC(2026, 0))).toBeUndefined();
    expect(priceAt(datedPrices([{ ...always, from: 'soon' }]), Date.UTC(2026, 0))).toBeUndefined();
  });

  test('applies the later in the list of two with the same date', () => {
    const atOnce = [march, { ...march, inputPerMTok: 4 }];
    expect(priceAt(datedPrices(atOnce), Date.UTC(2026, 5))).toEqual(datedPrices(atOnce)[1]);
    expect(priceAt(datedPrices([always, { ...always, inputPerMTok: 4 }]), 0)).toMatchObject({ rates: { input: 4 } });
  });
});
