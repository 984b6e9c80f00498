/** Health of upstreams, from real calls and from checks at an interval. */

import { describe, expect, test } from 'vitest';
import { CanaryClient, ConfigError, route } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask } from '../support/calls.ts';
import { failed, json } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

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

  test('a failed check does not affect routing', async () => {
    const { ai, clock, providers } = setUp({
      upstreams: { gemini: {} },
      canary: { probe: { every: '30s' }, weights: { gemini: 1 } },
    });
    providers.usually('openai', MODELS).usually('gemini', failed(503));
    await clock.advance(300_000);
    expect(ai.canary.snapshot().upstreams).toMatchObject({ gemini: { breaker: { state: 'closed' }, attempts: 0 } });
    expect(ai.canary.explain().upstream).toBe('gemini');
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
