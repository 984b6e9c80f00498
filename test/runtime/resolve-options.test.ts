import { afterEach, describe, expect, test, vi } from 'vitest';
import { CanaryClient, ConfigError, type CanaryOptions } from '../../src/index.ts';
import { resolveOptions } from '../../src/runtime/resolve-options.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { clientWith, messageOf, refusalOf } from '../support/message-of.ts';

afterEach(() => vi.unstubAllEnvs());

const SILENT = { warn: () => undefined };

test('sends all traffic to the client itself without options', () => {
  expect(resolveOptions({}, {})).toMatchObject({
    home: 'openai',
    stable: 'openai',
    upstreams: [{ name: 'openai' }],
    weights: { openai: 1 },
    salt: 'canary',
    segments: [],
    policy: { minDelayMs: 500, maxRetryAfterMs: 60_000, maxDelayMs: 8_000 },
    fallbacks: { default: undefined, byKind: {} },
    breaker: { errorRate: 0.5 },
    retryShare: 0.2,
    alerts: [],
    windowMs: 300_000,
    metricsIntervalMs: 30_000,
    key: undefined,
    clock: systemClock,
    random: Math.random,
    logger: console,
  });
});

test('uses the default of an undefined option', () => {
  const names = ['name', 'upstreams', 'weights', 'stable', 'key', 'salt', 'segments', 'fallbacks', 'retry', 'breaker'];
  const more = ['timeouts', 'prices', 'alerts', 'window', 'metricsInterval', 'clock', 'random', 'logger'];
  const nothing = Object.fromEntries([...names, ...more].map((name) => [name, undefined]));
  expect(resolveOptions(nothing, {})).toEqual(resolveOptions({}, {}));
});

test('resolves durations to milliseconds', () => {
  const { windowMs, metricsIntervalMs } = resolveOptions({ window: '1m', metricsInterval: 250 }, {});
  expect({ windowMs, metricsIntervalMs }).toEqual({ windowMs: 60_000, metricsIntervalMs: 250 });
});

test('another upstream can be stable and gets all traffic', () => {
  expect(clientWith({ stable: 'gemini' }).canary.weights).toEqual({ gemini: 1, openai: 0, deepseek: 0 });
});

test('the client itself can have another name', () => {
  expect(clientWith({ name: 'primary', weights: { primary: 3, gemini: 1 } }).canary.weights).toEqual({
    gemini: 0.25,
    primary: 0.75,
    deepseek: 0,
  });
});

describe('rejects an option that does not exist:', () => {
  test.each([
    [{ wieghts: {} }, 'canary.wieghts is not an option; did you mean weights?'],
    [{ fallback: [] }, 'canary.fallback is not an option; did you mean fallbacks?'],
    [{ experiments: {} }, 'canary.experiments is not an option'],
    [{ retry: { atempts: 1 } }, 'canary.retry.atempts is not an option; did you mean attempts?'],
    [{ breaker: { errorrate: 1 } }, 'canary.breaker.errorrate is not an option; did you mean errorRate?'],
    [{ timeouts: { dedline: 1 } }, 'canary.timeouts.dedline is not an option; did you mean deadline?'],
    [{ segments: [{ wen: {}, upstream: 'gemini' }] }, 'canary.segments[0].wen is not an option; did you mean when?'],
    [{ fallbacks: { rateLimits: [] } }, 'canary.fallbacks.rateLimits is not an option; did you mean rateLimit?'],
    [
      { alerts: [{ name: 'r', metric: 'errorRate', abov: 1 }] },
      'canary.alerts[0].abov is not an option; did you mean above?',
    ],
    [
      { prices: { gemini: { inputPerMtok: 1 } } },
      'canary.prices.gemini.inputPerMtok is not an option; did you mean inputPerMTok?',
    ],
    [{ upstreams: { gemini: { modle: 'x' } } }, 'canary.upstreams.gemini.modle is not an option; did you mean model?'],
    [{ upstreams: { gemini: { weight: 5 } } }, 'canary.upstreams.gemini.weight is not an option'],
  ])('%j', (canary, message) => {
    expect(refusalOf(canary)).toBe(message);
  });
});

describe('rejects an upstream that does not exist:', () => {
  const choice = 'should be one of openai, deepseek, gemini, got "gemni"; did you mean gemini?';
  test.each([
    [{ stable: 'gemni' }, 'canary.stable'],
    [{ weights: { gemni: 1 } }, 'canary.weights.gemni'],
    [
      {
        segments: [
          { when: {}, upstream: 'openai' },
          { when: {}, upstream: 'gemni' },
        ],
      },
      'canary.segments[1].upstream',
    ],
    [{ fallbacks: ['openai', 'gemni'] }, 'canary.fallbacks[1]'],
    [{ fallbacks: { default: ['gemni'] } }, 'canary.fallbacks.default[0]'],
    [{ fallbacks: { contextLength: ['gemni'] } }, 'canary.fallbacks.contextLength[0]'],
    [{ alerts: [{ name: 'r', metric: 'errorRate', above: 1, upstream: 'gemni' }] }, 'canary.alerts[0].upstream'],
    [{ prices: { gemni: { inputPerMTok: 1, outputPerMTok: 1 } } }, 'canary.prices.gemni'],
  ])('%j', (canary, path) => {
    expect(refusalOf(canary)).toBe(`${path} ${choice}`);
  });

  test('the default name of a client with another name', () => {
    expect(refusalOf({ name: 'primary', stable: 'openai' })).toBe(
      'canary.stable should be one of primary, deepseek, gemini, got "openai"',
    );
  });

  test('in setWeights, which changes nothing', () => {
    const ai = clientWith({ weights: { gemini: 0.5 } });
    // A JavaScript user can pass these names.
    const refused = (weights: object) => messageOf(() => ai.canary.setWeights(weights as Record<string, number>));
    expect(refused({ gemini: 1, gemni: 1 })).toBe(`weights.gemni ${choice}`);
    expect(refused({ gemini: -1 })).toBe('weights.gemini should be a non-negative number, got -1');
    expect(ai.canary.weights).toEqual({ gemini: 0.5, openai: 0.5, deepseek: 0 });
    expect(ai.canary.history).toEqual([]);
  });

  test('in explain', () => {
    expect(messageOf(() => clientWith({}).canary.explain({ upstream: 'gemni' }))).toBe(
      'route.upstream should be one of openai, deepseek, gemini, got "gemni"; did you mean gemini?',
    );
  });
});

describe('rejects with its path a value that should be an object or a list:', () => {
  const OBJECTS: readonly [canaryWith: (it: unknown) => object, message: string][] = [
    [(it: unknown) => ({ upstreams: it }), 'canary.upstreams should be an object of upstreams by name'],
    [(it: unknown) => ({ upstreams: { gemini: it } }), 'canary.upstreams.gemini should be an object'],
    [(it: unknown) => ({ weights: it }), 'canary.weights should be an object of weights by upstream'],
    [(it: unknown) => ({ prices: it }), 'canary.prices should be an object of prices by upstream'],
    [(it: unknown) => ({ retry: it }), 'canary.retry should be an object'],
    [(it: unknown) => ({ breaker: it }), 'canary.breaker should be an object'],
    [(it: unknown) => ({ timeouts: it }), 'canary.timeouts should be an object'],
    [(it: unknown) => ({ segments: [it] }), 'canary.segments[0] should be an object'],
    [
      (it: unknown) => ({ segments: [{ when: it, upstream: 'gemini' }] }),
      'canary.segments[0].when should be an object of attributes',
    ],
    [(it: unknown) => ({ alerts: [it] }), 'canary.alerts[0] should be an object'],
  ];
  test.each(OBJECTS)('%s: %s', (canaryWith, message) => {
    for (const [value, shown] of NO_OBJECTS) expect(refusalOf(canaryWith(value))).toBe(`${message}, got ${shown}`);
  });

  test.each([
    ['canary.segments should be a list of segments', (it: unknown) => ({ segments: it })],
    ['canary.alerts should be a list of rules', (it: unknown) => ({ alerts: it })],
    ['canary.fallbacks.default should be a list of upstreams', (it: unknown) => ({ fallbacks: { default: it } })],
  ])('%s', (message, canaryOf) => {
    for (const [value, shown] of [
      [null, 'null'],
      [5, '5'],
      [{}, 'an object'],
      ['openai', 'a string'],
    ] as const) {
      expect(refusalOf(canaryOf(value))).toBe(`${message}, got ${shown}`);
    }
  });

  test('the canary option itself', () => {
    for (const [value, shown] of NO_OBJECTS) {
      const make = () => new CanaryClient({ apiKey: 'key', canary: value as CanaryOptions });
      expect(messageOf(make)).toBe(`canary should be an object, got ${shown}`);
    }
  });

  test('fallbacks, which may be a list or an object', () => {
    expect(refusalOf({ fallbacks: 'openai' })).toBe(
      'canary.fallbacks should be a list of upstreams, or lists by failure kind, got a string',
    );
    expect(refusalOf({ fallbacks: null })).toBe(
      'canary.fallbacks should be a list of upstreams, or lists by failure kind, got null',
    );
  });
});

const NO_OBJECTS = [
  [null, 'null'],
  [5, '5'],
  [true, 'true'],
  ['text', 'a string'],
  [[], 'a list'],
  [() => 1, 'a function'],
] as const;

describe('names', () => {
  test.each([
    [{ name: '' }, 'canary.name should be a name, got ""'],
    [{ name: null }, 'canary.name should be a name, got null'],
    [{ salt: '' }, 'canary.salt should be a non-empty string, got ""'],
    [{ salt: 5 }, 'canary.salt should be a non-empty string, got 5'],
    [{ stable: null }, 'canary.stable should be one of openai, deepseek, gemini, got null'],
  ])('rejects %j', (canary, message) => {
    expect(refusalOf(canary)).toBe(message);
  });
});

describe('functions and objects of the user', () => {
  test.each([
    [{ key: 'user' }, 'canary.key should be a function, got a string'],
    [{ key: null }, 'canary.key should be a function, got null'],
    [{ random: 4 }, 'canary.random should be a function, got 4'],
    [{ random: null }, 'canary.random should be a function, got null'],
    [{ clock: null }, 'canary.clock should have the methods now and setTimeout, got null'],
    [{ clock: Date }, 'canary.clock should have the methods now and setTimeout, got a function'],
    [{ clock: { now: 5 } }, 'canary.clock should have the methods now and setTimeout, got an object'],
    [{ logger: null }, 'canary.logger should have the methods warn, got null'],
    [{ logger: {} }, 'canary.logger should have the methods warn, got an object'],
    [{ logger: 'warn' }, 'canary.logger should have the methods warn, got "warn"'],
  ])('rejects %j', (canary, message) => {
    expect(refusalOf(canary)).toBe(message);
  });

  test('are passed on unchanged', () => {
    const { key, random, clock, logger } = { key: () => 'k', random: () => 0.5, clock: systemClock, logger: SILENT };
    expect(resolveOptions({ key, random, clock, logger }, {})).toMatchObject({ key, random, clock, logger });
  });
});

describe('the logger of warnings', () => {
  const loggerOf = (canary: CanaryOptions, client: object) => resolveOptions(canary, client).logger;

  test('is the logger of the client by default', () => {
    const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };
    expect(loggerOf({}, { logger })).toBe(logger);
    expect(loggerOf({ logger: SILENT }, { logger })).toBe(SILENT);
  });

  test.each(['off', 'error'])('is absent if the client’s logLevel is %s', (logLevel) => {
    expect(loggerOf({}, { logLevel })).toBeUndefined();
    expect(loggerOf({ logger: SILENT }, { logLevel })).toBe(SILENT);
  });

  test('follows OPENAI_LOG if the client has no logLevel', () => {
    vi.stubEnv('OPENAI_LOG', 'off');
    expect(loggerOf({}, {})).toBeUndefined();
    expect(loggerOf({}, { logLevel: 'warn' })).toBe(console);
  });
});

describe('the API key of the client', () => {
  test.each([
    ['', 'apiKey should not be blank'],
    ['  ', 'apiKey should not be blank'],
    ['sk-very-secret\n', 'apiKey should not contain white space'],
  ])('rejects %j without showing it', (apiKey, message) => {
    expect(messageOf(() => new CanaryClient({ apiKey, canary: {} }))).toBe(message);
  });

  test('is not checked without the canary option', () => {
    expect(() => new CanaryClient({ apiKey: 'My API Key' })).not.toThrow();
  });

  test('is required by the SDK, with its own error', () => {
    vi.stubEnv('OPENAI_API_KEY', undefined);
    vi.stubEnv('OPENAI_ADMIN_KEY', undefined);
    const make = () => new CanaryClient({ canary: {} });
    expect(make).toThrow(/^Missing credentials/);
    expect(make).not.toThrow(ConfigError);
  });
});

test('throws a ConfigError, which is an OpenAIError with code and path', () => {
  const error = (() => {
    try {
      return clientWith({ window: 0 });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(CanaryClient.OpenAIError);
  expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG', path: 'canary.window' });
});

test.each([
  [{ window: '500ms' }, 'canary.window', ', at least 1000 ms, got "500ms"'],
  [{ window: '60 sec' }, 'canary.window', ', at least 1000 ms, got "60 sec"'],
  [{ metricsInterval: 0 }, 'canary.metricsInterval', ', above 0, got 0'],
  [{ metricsInterval: null }, 'canary.metricsInterval', ', above 0, got null'],
  [{ metricsInterval: '30d' }, 'canary.metricsInterval', ', at most 24 days, got "30d"'],
])('rejects the duration %j', (canary, path, rule) => {
  expect(refusalOf(canary)).toBe(
    `${path} should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d'${rule}`,
  );
});
