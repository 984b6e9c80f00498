/** Health of upstreams, from real calls and from checks at an interval. */

import { describe, expect, test } from 'vitest';
import { CanaryClient, type CanaryOptions, ConfigError, route } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, within } from '../support/calls.ts';
import { chat, failed, json, type Reply, silent, unreachable } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

const MODELS = json({ object: 'list', data: [] });
const ON_GEMINI = route({ upstream: 'gemini', fallbacks: false });

describe('without checks', () => {
  test('the health of an upstream without requests is unknown', () => {
    const { ai } = setUp({ upstreams: { gemini: {} } });
    expect(ai.canary.snapshot().upstreams).toMatchObject({ gemini: { health: 'unknown' } });
  });

  test('an upstream that serves calls is healthy, and unknown again after the window', async () => {
    const { ai, clock } = setUp({ upstreams: { gemini: {} } });
    await ask(ai, ON_GEMINI);
    expect(ai.canary.snapshot().upstreams['gemini']?.health).toBe('healthy');
    await clock.advance(301_000);
    expect(ai.canary.snapshot().upstreams['gemini']?.health).toBe('unknown');
  });

  test('an upstream that rejects the key is down', async () => {
    const { ai, providers } = setUp({ upstreams: { gemini: {} } });
    providers.usually('gemini', failed(401));
    await expect(ask(ai, ON_GEMINI)).rejects.toThrow();
    expect(ai.canary.snapshot().upstreams['gemini']?.health).toBe('down');
  });

  test('no requests are sent', async () => {
    const { clock, providers } = setUp({ upstreams: { gemini: {} } });
    await clock.advance(3_600_000);
    expect(providers.asked).toEqual([]);
  });
});

describe('with checks at an interval', () => {
  test('requests the models of each upstream once per interval', async () => {
    const { clock, providers } = setUp({ upstreams: { gemini: {} }, canary: { probe: { every: '30s' } } });
    providers.usually('openai', MODELS).usually('gemini', MODELS);
    await clock.advance(30_000);
    expect(providers.sent.map(({ provider, path }) => [provider, path])).toEqual([
      ['openai', '/models'],
      ['gemini', '/models'],
    ]);
    await clock.advance(30_000);
    expect(providers.asked).toHaveLength(4);
  });

  test('an upstream without calls becomes healthy, down and healthy again', async () => {
    const { ai, clock, providers } = setUp({
      upstreams: { gemini: {} },
      canary: { probe: { every: '30s', upstreams: ['gemini'] } },
    });
    const health = () => ai.canary.snapshot().upstreams['gemini']?.health;
    providers.script('gemini', MODELS, failed(503), MODELS);
    await clock.advance(30_000);
    expect(health()).toBe('healthy');
    await clock.advance(30_000);
    expect(health()).toBe('down');
    await clock.advance(30_000);
    expect(health()).toBe('healthy');
  });

  /** All calls go to gemini, whose checks get `checked`. */
  function setUpChecked(checked: Reply, canary: CanaryOptions = {}): SetUp {
    const set = setUpCanary({ canary: { probe: { every: '30s' }, weights: { gemini: 1 }, ...canary } });
    const listed =
      (models: Reply): Reply =>
      (request) =>
        (request.body.messages ? chat() : models)(request);
    set.providers.usually('openai', listed(MODELS)).usually('gemini', listed(checked));
    return set;
  }

  const askedBy = async ({ ai, clock, providers }: SetUp): Promise<readonly string[]> => {
    providers.sent.length = 0;
    await within(clock, 0, ask(ai));
    return providers.asked;
  };

  test('an upstream that fails its check is passed over, without a request or an open breaker', async () => {
    const set = setUpChecked(failed(503));
    await set.clock.advance(30_000);
    expect(await askedBy(set)).toEqual(['openai']);
    expect(set.events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'down' }]);
    expect(set.ai.canary.snapshot().upstreams).toMatchObject({
      gemini: { breaker: { state: 'closed' }, attempts: 0, health: 'down' },
    });
    expect(set.ai.canary.explain()).toMatchObject({
      upstream: 'openai',
      skipped: [{ upstream: 'gemini', reason: 'down' }],
    });
  });

  test.each([
    ['does not answer', silent()],
    ['cannot be reached', unreachable()],
  ])('an upstream whose check %s is passed over', async (_name, checked) => {
    const set = setUpChecked(checked);
    await set.clock.advance(41_000);
    expect(await askedBy(set)).toEqual(['openai']);
  });

  test('an upstream that passes its check again serves again', async () => {
    const set = setUpChecked(failed(503));
    await set.clock.advance(30_000);
    set.providers.usually('gemini', (request) => (request.body.messages ? chat() : MODELS)(request));
    await set.clock.advance(30_000);
    expect(await askedBy(set)).toEqual(['gemini']);
  });

  test('an upstream that fails its check serves calls that no other can serve', async () => {
    const set = setUpChecked(failed(503), { fallbacks: [] });
    await set.clock.advance(30_000);
    expect(await askedBy(set)).toEqual(['gemini']);
    expect(await askedBy(set)).toEqual(['gemini']);
  });

  test('a failed check does not count where calls succeed at the same time', async () => {
    const set = setUpChecked(failed(503));
    await set.clock.advance(25_000);
    expect(await askedBy(set)).toEqual(['gemini']);
    await set.clock.advance(5_000);
    expect(await askedBy(set)).toEqual(['gemini']);
  });

  test('a key that may not list models does not keep calls away', async () => {
    const set = setUpChecked(failed(403));
    await set.clock.advance(30_000);
    expect(await askedBy(set)).toEqual(['gemini']);
  });

  test('a failed check is forgotten when checks stop', async () => {
    const set = setUpChecked(failed(503));
    await set.clock.advance(30_000);
    await set.ai.canary.close();
    await set.clock.advance(70_000);
    expect(await askedBy(set)).toEqual(['gemini']);
  });

  test('the metric up raises an alert while an upstream is down', async () => {
    const rules = [
      { name: 'gemini is down', metric: 'up', upstream: 'gemini', below: 1 },
      { name: 'any is down', metric: 'up', below: 1 },
      { name: 'openai is down', metric: 'up', upstream: 'openai', below: 1 },
    ] as const;
    const set = setUpChecked(failed(503), { alerts: rules });
    await set.clock.advance(41_000);
    const firing = () => set.events.of('alert').map(({ name, state, value }) => [name, state, value]);
    expect(firing()).toEqual([
      ['gemini is down', 'firing', 0],
      ['any is down', 'firing', 0.5],
    ]);
    set.providers.usually('gemini', (request) => (request.body.messages ? chat() : MODELS)(request));
    await set.clock.advance(41_000);
    expect(firing().slice(2)).toEqual([
      ['gemini is down', 'resolved', 1],
      ['any is down', 'resolved', 1],
    ]);
  });

  describe('of an upstream that lists no models', () => {
    const PRICE = { inputPerMTok: 2, outputPerMTok: 8 };
    const setUpChecks = (probe: object, prices: Record<string, typeof PRICE> = { openai: PRICE, gemini: PRICE }) => {
      const warnings: string[] = [];
      const world = setUp({
        upstreams: { gemini: { model: 'gemini-2.5-flash' } },
        canary: {
          probe: { every: '60s', upstreams: ['gemini'], ...probe },
          prices,
          logger: { warn: (message: string) => void warnings.push(message) },
        },
      });
      world.providers.usually('gemini', (request) =>
        Object.keys(request.body).length === 0 ? failed(404)(request) : chat('', { input: 10, output: 1 })(request),
      );
      const paid = () => world.providers.to('gemini').filter(({ method }) => method === 'POST');
      return { ...world, paid, warnings };
    };

    test('send nothing that is paid, and find it reached', async () => {
      const { ai, clock, paid, warnings } = setUpChecks({});
      await clock.advance(600_000);
      expect(paid()).toEqual([]);
      expect(warnings).toEqual([]);
      expect(ai.canary.costs().total.costUsd).toBe(0);
      expect(ai.canary.snapshot().upstreams['gemini']?.health).toBe('healthy');
    });

    test('send a chat of one token within `budgetUsd` a day, and warn of it when the client is built', async () => {
      // An answer costs 28 µUSD. The estimate of the next one must fit as well.
      const { clock, paid, warnings } = setUpChecks({ budgetUsd: 0.000_2 });
      expect(warnings.join()).toContain('up to 0.0002 USD a day');
      await clock.advance(3_600_000);
      const sent = paid().length;
      expect(sent).toBeGreaterThan(3);
      expect(sent).toBeLessThan(8);
      expect(paid()[0]?.body).toMatchObject({ max_tokens: 1 });
      await clock.advance(86_400_000);
      expect(paid().length).toBe(2 * sent);
    });

    test('send nothing that is paid without a known price', async () => {
      const { clock, paid } = setUpChecks({ budgetUsd: 1 }, {});
      await clock.advance(600_000);
      expect(paid()).toEqual([]);
    });
  });

  test('close() stops the checks', async () => {
    const { ai, clock, providers } = setUp({ upstreams: { gemini: {} }, canary: { probe: { every: '30s' } } });
    void ai.canary.close();
    await clock.advance(300_000);
    expect(providers.asked).toEqual([]);
  });
});

test.each([
  ['interval', { every: 10 }, 'canary.probe.every'],
  ['upstream', { every: '1m', upstreams: ['unknown'] }, 'canary.probe.upstreams[0] should be one of'],
  ['option name', { every: '1m', evry: 1 }, 'canary.probe.evry is not an option'],
])('rejects an invalid %s', (_, probe, message) => {
  const build = () =>
    new CanaryClient({ apiKey: 'k', canary: { probe: probe as { every: '1m' }, clock: new ManualClock() } });
  expect(build).toThrow(ConfigError);
  expect(build).toThrow(message);
});
