/** An upstream that has recovered is soon back in service, however long it was down. */

import { expect, test } from 'vitest';
import { ask, within } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

test.each([30, 60, 600])(
  'after %d s of outage it is tried within 15 s, and has all its calls back',
  async (seconds) => {
    const set = setUp({ upstreams: { spare: {} }, canary: { fallbacks: ['spare'] } });
    const { ai, clock, providers } = set;
    const startMs = clock.now();
    providers.usually('openai', failed(503));
    for (let call = 0; call < 2 * seconds; call++)
      await within(
        clock,
        500,
        ask(ai).then(() => null),
      );
    const recoveredMs = clock.now();
    providers.usually('openai', chat());
    for (let call = 0; call < 60; call++) await within(clock, 500, ask(ai));
    const back = providers.to('openai').find(({ atMs }) => atMs >= recoveredMs);
    expect(recoveredMs - startMs).toBe(seconds * 1_000);
    expect(back!.atMs - recoveredMs).toBeLessThanOrEqual(15_000);
    expect(ai.canary.snapshot().upstreams['openai']!.breaker).toEqual({ state: 'closed' });
    providers.sent.length = 0;
    for (let call = 0; call < 10; call++) await within(clock, 0, ask(ai));
    expect(new Set(providers.asked)).toEqual(new Set(['openai']));
  },
);
