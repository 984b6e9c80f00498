/** A provider that enforces its limits over rolling seconds never has to answer 429. */

import { expect, test } from 'vitest';
import { CanaryClient, type LimitsOptions } from '../../../src/index.ts';
import { DrivenClock } from '../../conformance/support/fault-drive.ts';
import { BODY } from '../../support/calls.ts';
import { startLimitingProvider, type LimitingOptions } from '../../support/limiting-provider.ts';

const MINUTE_MS = 60_000;
const QUEUE = { maxWait: '1h', maxLength: 1_000 } as const;

async function world(provides: Partial<LimitingOptions>, limits: LimitsOptions) {
  const clock = new DrivenClock();
  const usual: LimitingOptions = { clock, rpm: 10, tpm: 1_000_000, latencyMs: 700, tells: undefined };
  const provider = await startLimitingProvider({ ...usual, ...provides });
  const ai = new CanaryClient({
    baseURL: provider.url,
    apiKey: 'test',
    maxRetries: 0,
    timeout: 24 * 60 * MINUTE_MS,
    canary: { clock, limits: { openai: limits } },
  });
  /** Makes calls at once and returns the minutes until the last answer. */
  const ask = async (times: number): Promise<number> => {
    const startedAtMs = clock.now();
    const call = () => ai.chat.completions.create({ ...BODY, max_tokens: 60 });
    await clock.drive(Promise.all(Array.from({ length: times }, call)));
    return (clock.now() - startedAtMs) / MINUTE_MS;
  };
  const statuses = (): readonly number[] => [...new Set(provider.requests.map(({ status = 0 }) => status))];
  return { ai, clock, provider, ask, statuses, [Symbol.asyncDispose]: () => provider.close() };
}

test('limits in the options keep calls within what the provider enforces, without any headers', async () => {
  await using limited = await world({ rpm: 10 }, { rpm: 10, queue: QUEUE });
  const minutes = await limited.ask(35);
  expect(limited.statuses()).toEqual([200]);
  expect(limited.provider.requests).toHaveLength(35);
  expect(minutes).toBeLessThan(3.2);
});

test('a limit on tokens is kept as well', async () => {
  await using limited = await world({ rpm: 1_000, tpm: 500 }, { tpm: 500, queue: QUEUE });
  const minutes = await limited.ask(24);
  expect(limited.statuses()).toEqual([200]);
  // Ten answers a minute; the amounts that attempts hold allow eight in flight at a time.
  expect(minutes).toBeLessThan(3.5);
});

test.each(['duration', 'seconds', 'epochSeconds', 'epochMs'] as const)(
  'limits from headers, with resets as %s, are kept from the first response on',
  async (tells) => {
    await using limited = await world({ rpm: 10, tells }, { queue: QUEUE });
    await limited.ask(1);
    const minutes = await limited.ask(34);
    expect(limited.statuses()).toEqual([200]);
    expect(limited.provider.requests).toHaveLength(35);
    expect(minutes).toBeLessThan(5);
  },
);

test('a limit on tokens from headers is kept from the first response on', async () => {
  await using limited = await world({ rpm: 1_000, tpm: 500, tells: 'duration' }, { queue: QUEUE });
  await limited.ask(1);
  const minutes = await limited.ask(23);
  expect(limited.statuses()).toEqual([200]);
  expect(minutes).toBeLessThan(5);
});

test('headers with a lower limit win over the options', async () => {
  await using limited = await world({ rpm: 5, tells: 'seconds' }, { rpm: 1_000, queue: QUEUE });
  await limited.ask(1);
  await limited.ask(14);
  expect(limited.statuses()).toEqual([200]);
});

test('calls spread over many minutes never get a 429', async () => {
  await using limited = await world({ rpm: 6, tells: 'duration' }, { rpm: 6, queue: QUEUE });
  const { ai, clock } = limited;
  const calls: Promise<unknown>[] = [];
  for (let call = 0; call < 40; call += 1) {
    calls.push(ai.chat.completions.create({ ...BODY, max_tokens: 60 }));
    await clock.rest();
    await clock.advance(3_000);
  }
  await clock.drive(Promise.all(calls));
  expect(limited.statuses()).toEqual([200]);
  expect(limited.provider.requests).toHaveLength(40);
});

test('the same calls without limits get a 429', async () => {
  await using limited = await world({ rpm: 10 }, {});
  await expect(limited.ask(35)).rejects.toThrow('429');
  expect(limited.statuses()).toContain(429);
});
