/** What an upstream refuses goes to another one, and who serves it decides whose fault the refusal was. */

import { expect, test } from 'vitest';
import { route, type CanaryOptions, type Clock } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, errorWithin, within } from '../support/calls.ts';
import { failed, unreachable, type Reply } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';

const unknownModel = failed(404, { code: 'model_not_found' });

/** A canary `gemini`, a `spare` and stable `openai`, each asked once. */
function world(canary: CanaryOptions = {}): SetUp {
  return setUpCanary({ client: { maxRetries: 0 }, upstreams: { spare: {} }, canary });
}

test('a refusal that a spare serves is no failure: stable might have refused as well', async () => {
  const { ai, clock, providers, events } = world({ fallbacks: ['spare', 'openai'], breaker: { consecutive: 1 } });
  providers.script('gemini', unknownModel);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'spare']);
  expect(events.of('attempt')).toMatchObject([{ upstream: 'gemini', outcome: 'neutral' }, { outcome: 'success' }]);
  expect(events.of('breaker')).toEqual([]);
  expect(ai.canary.snapshot().upstreams['gemini']).toMatchObject({ neutral: 1, failures: 0, unanswered: 0 });
});

test('a refusal is a failure if stable serves the call after a spare has failed', async () => {
  const { ai, clock, providers, events } = world({ fallbacks: ['spare', 'openai'] });
  providers.script('gemini', unknownModel).script('spare', failed(503));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'spare', 'openai']);
  const outcomes = new Map(events.of('attempt').map(({ upstream, outcome }) => [upstream, outcome]));
  expect(outcomes.get('gemini')).toBe('failure');
  expect(ai.canary.snapshot().upstreams['gemini']).toMatchObject({ calls: 1, answered: 0, failures: 1 });
});

test('a route without stable: what its first upstream refuses goes on, and stable is asked last', async () => {
  const { ai, clock, providers, events } = world({ tasks: { routes: { talk: ['gemini', 'spare'] } } });
  providers.script('gemini', unknownModel).script('spare', unknownModel);
  await within(clock, 0, ask(ai, route({ task: 'talk' })));
  expect(providers.asked).toEqual(['gemini', 'spare', 'openai']);
  expect(events.of('attempt')).toMatchObject([
    { upstream: 'gemini', outcome: 'failure' },
    { upstream: 'spare', outcome: 'failure' },
    { upstream: 'openai', outcome: 'success' },
  ]);
});

test('the third 403 in a row is a failure although stable forbids the call as well', async () => {
  const { ai, clock, providers, events } = world();
  const page: Reply = () => new Response('<html>Blocked</html>', { status: 403 });
  providers.usually('gemini', page).usually('openai', page);
  for (let call = 0; call < 3; call++) await errorWithin(clock, 0, ask(ai));
  const ofCanary = events.of('attempt').filter(({ upstream }) => upstream === 'gemini');
  expect(ofCanary.map(({ outcome }) => outcome)).toEqual(['neutral', 'neutral', 'failure']);
  expect(ai.canary.snapshot().upstreams['gemini']).toMatchObject({ failures: 1, neutral: 2 });
});

const FIRST: readonly (readonly [string, Reply, number | undefined])[] = [
  ['500', failed(500), 500],
  ['429', failed(429), 429],
  ['402', failed(402), 402],
  ['a broken connection', unreachable(), undefined],
  ['404', unknownModel, 404],
];
const LAST: readonly (readonly [string, Reply])[] = [
  ['400', failed(400)],
  ['401', failed(401)],
  ['403', failed(403, { type: 'permission_error' })],
  ['404', unknownModel],
  ['422', failed(422)],
];

test.each(FIRST.flatMap(([first, ...rest]) => LAST.map(([last, reply]) => [first, last, ...rest, reply] as const)))(
  'the caller gets %s of stable, not %s of a spare',
  async (_first, _last, first, status, last) => {
    const { ai, clock, providers } = world({ weights: { openai: 1 }, fallbacks: ['spare'] });
    providers.script('openai', first).script('spare', last);
    const error = (await errorWithin(clock, 0, ask(ai))) as { readonly status?: number };
    expect(providers.asked).toEqual(['openai', 'spare']);
    expect(error.status).toBe(status);
  },
);

test('the caller gets the refusal of stable, not that of a spare after it', async () => {
  const { ai, clock, providers } = world({ fallbacks: ['openai', 'spare'] });
  providers.script('gemini', failed(500)).script('openai', unknownModel).script('spare', failed(401));
  expect(await errorWithin(clock, 0, ask(ai))).toMatchObject({ status: 404 });
  expect(providers.asked).toEqual(['gemini', 'openai', 'spare']);
});

test('a request that cannot be made gives back what was taken for it', async () => {
  const inner = new ManualClock();
  let isBroken = true;
  const clock: Clock = {
    now: () => inner.now(),
    setTimeout(callback, delayMs) {
      if (isBroken) throw new RangeError('no timer');
      return inner.setTimeout(callback, delayMs);
    },
  };
  const { ai, providers } = world({
    clock,
    limits: { gemini: { concurrency: 1 } },
    fallbacks: ['gemini'],
    timeouts: { deadline: '1m' },
    budgets: [{ name: 'all', per: 'day', limitUsd: 1, onExceeded: 'reject' }],
  });
  for (let call = 0; call < 3; call++) expect(await errorWithin(inner, 0, ask(ai))).toBeInstanceOf(RangeError);
  expect(ai.canary.snapshot().budgets).toMatchObject([{ name: 'all', reservedUsd: 0 }]);
  isBroken = false;
  await within(inner, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini']);
});
