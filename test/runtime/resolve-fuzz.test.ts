import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CanaryClient, ConfigError, type CanaryOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';

/** Values that a JavaScript user may write anywhere: JSON, and values that are nearly right. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, '', 0, -1, 0.5, 1, 1.5, 1e300, Number.NaN, Infinity, true, false, undefined),
  fc.constantFrom<unknown>(
    'openai',
    'gemini',
    ['gemini'],
    '5m',
    '1.001s',
    '60 sec',
    'rollback',
    () => 1,
    Symbol('x'),
    10n,
  ),
  fc.constantFrom<unknown>([null], [[]], [{}], { gemini: null }, { gemini: {} }, { gemini: 1 }, { openai: [] }),
  fc.constantFrom<unknown>('constructor', { constructor: 1 }, JSON.parse('{ "__proto__": { "gemini": 1 } }')),
);

const GEMINI = { baseURL: 'https://gemini.test/v1', apiKey: 'key-of-gemini' };
const RULE = { name: 'bad', metric: 'errorRate', above: 0.1, upstream: 'gemini', action: 'rollback' };
const PRICE = { inputPerMTok: 1, outputPerMTok: 1 };

const canary = (fields: object) => ({ upstreams: { gemini: GEMINI }, clock: new ManualClock(), ...fields });
const inUpstream = (field: string) => (it: unknown) => canary({ upstreams: { gemini: { ...GEMINI, [field]: it } } });
const inSection = (section: string, field: string) => (it: unknown) => canary({ [section]: { [field]: it } });
const inRule = (field: string) => (it: unknown) => canary({ alerts: [{ ...RULE, [field]: it }] });
const inSegment = (field: string) => (it: unknown) =>
  canary({ segments: [{ when: {}, upstream: 'gemini', [field]: it }] });
const ROLLOUT = { to: 'gemini', steps: [{ weight: 0.5 }] };
const inRollout = (field: string) => (it: unknown) => canary({ rollout: { ...ROLLOUT, [field]: it } });
const inStep = (field: string) => (it: unknown) =>
  canary({ rollout: { ...ROLLOUT, steps: [{ weight: 0.5, [field]: it }] } });
const inPrice = (field: string) => (it: unknown) => canary({ prices: { gemini: { ...PRICE, [field]: it } } });

const TOP =
  'name upstreams weights stable key salt segments tasks cache fallbacks retry breaker timeouts shadow prices alerts window metricsInterval rollout store clock random logger';

const PLACES: readonly (readonly [place: string, canaryWith: (it: unknown) => unknown])[] = [
  ['canary', (it) => it],
  ...under('canary', TOP, (field) => (it: unknown) => canary({ [field]: it })),
  ['canary.upstreams.gemini', (it) => canary({ upstreams: { gemini: it } })],
  ...under('canary.upstreams.gemini', 'provider baseURL apiKey model params timeout', inUpstream),
  ...under('canary.upstreams.gemini', 'maxOutputTokens price client organization defaultHeaders', inUpstream),
  ...under('canary.retry', 'attempts minDelay maxDelay budget', (field) => inSection('retry', field)),
  ...under('canary.breaker', 'errorRate window minCalls consecutive', (field) => inSection('breaker', field)),
  ...under('canary.breaker', 'openFor maxOpenFor probes', (field) => inSection('breaker', field)),
  ...under('canary.timeouts', 'deadline', (field) => inSection('timeouts', field)),
  ...under('canary.weights', 'gemini openai', (field) => inSection('weights', field)),
  ...under('canary.fallbacks', 'default rateLimit', (field) => inSection('fallbacks', field)),
  ...under('canary.prices', 'gemini openai', (field) => inSection('prices', field)),
  ...under('canary.prices.gemini', 'inputPerMTok outputPerMTok cachedInputPerMTok from', inPrice),
  ...under('canary.shadow', 'upstream share when maxConcurrency maxQueue', (field) => inSection('shadow', field)),
  ...under('canary.shadow', 'budgetUsd timeout compare keepSamples abortWithCaller', (field) =>
    inSection('shadow', field),
  ),
  ['canary.alerts[0]', (it) => canary({ alerts: [it] })],
  ...under('canary.alerts[0]', 'name metric upstream above below for minCalls severity action', inRule),
  ['canary.segments[0]', (it) => canary({ segments: [it] })],
  ...under('canary.segments[0]', 'when upstream', inSegment),
  ...under('canary.cache', 'ttl maxBytes when key shared', (field) => inSection('cache', field)),
  ...under('canary.rollout', 'to steps guardrails alpha auto onComplete salt', inRollout),
  ...under('canary.rollout.steps[0]', 'shadow segment weight hold minCalls require', inStep),
  ['canary.rollout[0]', (it) => canary({ rollout: [it] })],
  ['canary.rollout.guardrails.errorRate', (it) => canary({ rollout: { ...ROLLOUT, guardrails: { errorRate: it } } })],
  ...under('canary.tasks', 'classify routes', (field) => (it) => canary({ tasks: { routes: {}, [field]: it } })),
];

function under(
  path: string,
  fields: string,
  place: (field: string) => (it: unknown) => unknown,
): [string, (it: unknown) => unknown][] {
  return fields.split(' ').map((field) => [`${path}.${field}`, place(field)]);
}

test.each(PLACES)('accepts any value of %s, or throws with its path', (_place, canaryWith) => {
  fc.assert(
    fc.property(anything, (it) => {
      const { ai, refusal } = construct(canaryWith(it));
      expect(refusal?.path ?? 'canary').toMatch(/^canary\b/);
      expect(refusal?.message.startsWith(`${refusal.path} `) ?? true).toBe(true);
      // An accepted value can be used.
      expect(ai?.canary.snapshot().upstreams ?? { none: {} }).toHaveProperty([
        ai?.canary.explain({ key: 'user-1' }).upstream ?? 'none',
      ]);
      void ai?.canary.close();
    }),
    { numRuns: 200 },
  );
});

test('setWeights accepts any value, or throws without an effect', () => {
  fc.assert(
    fc.property(anything, (it) => {
      const { ai } = construct(canary({}));
      const refusal = refusalIn(() => ai?.canary.setWeights(it as Record<string, number>));
      expect(ai?.canary.history).toHaveLength(refusal ? 0 : 1);
      const shares = Object.values(ai?.canary.weights ?? {});
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      void ai?.canary.close();
    }),
  );
});

function construct(option: unknown): { readonly ai?: CanaryClient; readonly refusal?: ConfigError } {
  let ai: CanaryClient | undefined;
  const refusal = refusalIn(() => {
    // The tests pass invalid values on purpose.
    ai = new CanaryClient<string, string>({ apiKey: 'key-of-openai', canary: option as CanaryOptions });
  });
  return refusal ? { refusal } : { ai: ai! };
}

/** The `ConfigError` that `act` throws, if it throws. Any other error fails the test. */
function refusalIn(act: () => void): ConfigError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
