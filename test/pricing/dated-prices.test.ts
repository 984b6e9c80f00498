/** Which of the user's prices holds when. */

import { describe, expect, test } from 'vitest';
import { datedPrices, priceAt } from '../../src/pricing/prices.ts';

describe('of several prices', () => {
  const always = { inputPerMTok: 1, outputPerMTok: 1 };
  const march = { inputPerMTok: 3, outputPerMTok: 3, from: '2026-03-01' };
  const june = { inputPerMTok: 6, outputPerMTok: 6, from: '2026-06-01T12:00:00Z' };

  test.each([
    ['the one without a date until another begins', Date.UTC(2026, 1, 28, 23, 59), always],
    ['the latest from midnight UTC of its day on', Date.UTC(2026, 2, 1), march],
    ['the latest until the next begins', Date.UTC(2026, 5, 1, 11, 59), march],
    ['the latest from its hour on', Date.UTC(2026, 5, 1, 12), june],
  ])('holds %s, in whatever order they stand', (_, atMs, expected) => {
    const [only] = datedPrices([expected]);
    expect(priceAt(datedPrices([always, march, june]), atMs)).toEqual(only);
    expect(priceAt(datedPrices([june, march, always]), atMs)).toEqual(only);
  });

  test('none holds before the first, nor one whose date is none', () => {
    expect(priceAt(datedPrices([march, june]), Date.UTC(2026, 0))).toBeUndefined();
    expect(priceAt(datedPrices([{ ...always, from: 'soon' }]), Date.UTC(2026, 0))).toBeUndefined();
  });

  test('of two that begin at once the later one holds', () => {
    const atOnce = [march, { ...march, inputPerMTok: 4 }];
    expect(priceAt(datedPrices(atOnce), Date.UTC(2026, 5))).toEqual(datedPrices(atOnce)[1]);
    expect(priceAt(datedPrices([always, { ...always, inputPerMTok: 4 }]), 0)).toMatchObject({ rates: { input: 4 } });
  });
});
