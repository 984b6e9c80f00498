/** A 403 of a firewall, and a 409: neither says much about the upstream. */

import { expect, test } from 'vitest';
import { OpenAI } from 'openai';
import { ask, BODY, errorWithin, within } from '../support/calls.ts';
import { chat, failed, type Reply } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

const PAGE =
  '<html><title>Attention Required!</title><body>You do not have permission. Sorry, you have been blocked</body></html>';
const blocked: Reply = () => new Response(PAGE, { status: 403, headers: { 'content-type': 'text/html' } });
const CODE = { ...BODY, messages: [{ role: 'user' as const, content: '<script>alert(1)</script>' }] };

/** A firewall before `openai` blocks prompts with a script. */
function setUpFirewall(canary = {}): SetUp {
  const set = setUp({ client: { maxRetries: 0 }, canary, upstreams: { spare: {} } });
  set.providers.usually('openai', (request) =>
    (JSON.stringify(request.body).includes('<script>') ? blocked : chat())(request),
  );
  return set;
}

test('a prompt that a firewall blocks keeps no other call away', async () => {
  const { ai, clock, providers, events } = setUpFirewall({ fallbacks: ['spare'] });
  await within(clock, 0, ai.chat.completions.create(CODE));
  for (let call = 0; call < 6; call++) await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['openai', 'spare', ...Array.from({ length: 6 }, () => 'openai')]);
  expect(events.of('attempt')[0]).toMatchObject({ kind: 'forbidden', outcome: 'neutral', status: 403 });
  expect(events.of('rateLimit')).toEqual([]);
  expect(events.of('alert')).toEqual([]);
});

test('without another upstream the caller gets the 403', async () => {
  const { ai, clock, providers } = setUpFirewall();
  const error = await errorWithin(clock, 0, ai.chat.completions.create(CODE));
  expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['openai', 'openai']);
});

test('three 403s in a row are failures of the upstream', async () => {
  const { ai, clock } = setUpFirewall({ fallbacks: ['spare'] });
  for (let call = 0; call < 4; call++) await within(clock, 0, ai.chat.completions.create(CODE));
  const { neutral, failures, failuresByKind } = ai.canary.snapshot().upstreams['openai']!;
  expect({ neutral, failures, failuresByKind }).toEqual({ neutral: 2, failures: 2, failuresByKind: { forbidden: 2 } });
});

test('an upstream that forbids everything is taken out of service', async () => {
  const { ai, clock, providers } = setUpFirewall({ fallbacks: ['spare'] });
  for (let call = 0; call < 7; call++) await within(clock, 0, ai.chat.completions.create(CODE));
  providers.sent.length = 0;
  await within(clock, 0, ai.chat.completions.create(CODE));
  expect(providers.asked).toEqual(['spare']);
});

test('a success between 403s keeps them neutral', async () => {
  const { ai, clock } = setUpFirewall({ fallbacks: ['spare'] });
  for (let call = 0; call < 8; call++) {
    await within(clock, 0, ai.chat.completions.create(CODE));
    await within(clock, 0, ask(ai));
  }
  const { neutral, failures, breaker } = ai.canary.snapshot().upstreams['openai']!;
  expect({ neutral, failures, breaker }).toEqual({ neutral: 8, failures: 0, breaker: { state: 'closed' } });
});

test('a 403 that speaks of the key keeps all calls away', async () => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', failed(403, { type: 'permission_error', message: 'Your API key lacks permission.' }));
  for (let call = 0; call < 2; call++) await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'openai']);
  expect(events.of('alert')).toMatchObject([{ metric: 'auth', upstream: 'gemini', state: 'firing' }]);
});

test('a 409 is retried on its upstream, as by the SDK', async () => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', failed(409));
  await within(clock, 2_000, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini']);
  expect(events.of('attempt').map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ['conflict', 'neutral'],
    [undefined, 'success'],
  ]);
});

test('a 409 that stays goes to stable, and counts against the upstream if stable serves the call', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.usually('gemini', failed(409));
  await within(clock, 2_000, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(ai.canary.snapshot().upstreams['gemini']).toMatchObject({ failures: 2 });
});

test('a 409 of every upstream ends in the error of stable and counts against neither', async () => {
  const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
  providers.usually('gemini', failed(409)).usually('openai', failed(409, { message: 'Of stable.' }));
  const error = await errorWithin(clock, 2_000, ask(ai));
  expect(error).toBeInstanceOf(OpenAI.ConflictError);
  expect(error).toMatchObject({ message: expect.stringContaining('Of stable.') });
  expect(ai.canary.snapshot().upstreams['gemini']).toMatchObject({ failures: 0, breaker: { state: 'closed' } });
});
