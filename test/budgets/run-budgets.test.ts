/** `canary.run({ budgetUsd })`: an amount for all calls of a function together. */

import { expect, test } from 'vitest';
import { BudgetExceededError, ConfigError, type RunOptions } from '../../src/index.ts';
import { BODY } from '../support/calls.ts';
import { anything, chat, failed } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

/** Costs 8 USD: a million tokens of output, which the body allows, too. */
const ANSWER = chat('Hello.', { input: 0, output: 1_000_000 });
const ASK = { ...BODY, max_tokens: 1_000_000 };
const ask = ({ ai }: SetUp) => ai.chat.completions.create(ASK);
const refused = async (call: PromiseLike<unknown>): Promise<BudgetExceededError> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BudgetExceededError)) throw new Error('not refused for a budget', { cause: error });
  return error;
};

test('a call that the rest does not pay for is refused before it is sent, with the amounts', async () => {
  const set = setUp();
  set.providers.usually('openai', ANSWER);
  const error = await set.ai.canary.run({ budgetUsd: 20 }, async () => {
    await ask(set);
    await ask(set);
    return refused(ask(set));
  });
  expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED', budget: 'run', per: 'run', limitUsd: 20, spentUsd: 16 });
  expect([error.resetsAtMs, error.message]).toEqual([
    Infinity,
    'The budget of $20 of canary.run() has $16 spent or reserved.',
  ]);
  expect(set.providers.sent).toHaveLength(2);
  // Outside of the run nothing is refused, and the next run has an amount of its own.
  await ask(set);
  await set.ai.canary.run({ budgetUsd: 20 }, () => ask(set));
  expect(set.providers.sent).toHaveLength(4);
  expect([set.ai.canary.snapshot().budgets, set.events.of('budget')]).toEqual([[], []]);
});

test('parallel calls share the amount', async () => {
  const set = setUp();
  set.providers.usually('openai', ANSWER);
  const results = await set.ai.canary.run({ budgetUsd: 30 }, () =>
    Promise.allSettled(Array.from({ length: 10 }, () => ask(set))),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(set.providers.sent).toHaveLength(3);
});

test('a call settles at what it costs, which leaves the rest for others', async () => {
  const set = setUp();
  // Half of what the body allows.
  set.providers.usually('openai', chat('Hello.', { input: 0, output: 500_000 }));
  await set.ai.canary.run({ budgetUsd: 16.1 }, async () => {
    for (let calls = 0; calls < 3; calls += 1) await ask(set);
    expect(await refused(ask(set))).toMatchObject({ spentUsd: 12, reservedUsd: 0 });
  });
});

test('a nested run inherits the amount, and an amount of its own applies as well', async () => {
  const set = setUp();
  set.providers.usually('openai', ANSWER);
  const { canary } = set.ai;
  await canary.run({ budgetUsd: 30 }, async () => {
    await canary.run({ key: 'user-42' }, () => ask(set));
    await canary.run({ budgetUsd: 10 }, async () => {
      await ask(set);
      expect(await refused(ask(set))).toMatchObject({ limitUsd: 10, spentUsd: 8 });
    });
    await canary.run({ budgetUsd: 1_000 }, async () => {
      await ask(set);
      expect(await refused(ask(set))).toMatchObject({ limitUsd: 30, spentUsd: 24 });
    });
  });
});

test('free calls pass, and so does a cached answer', async () => {
  const set = setUp({ canary: { cache: { ttl: '1h', when: () => true } } });
  set.providers.usually('openai', ANSWER);
  await set.ai.canary.run({ budgetUsd: 8.1 }, async () => {
    await ask(set);
    await ask(set);
    await refused(set.ai.chat.completions.create({ ...ASK, messages: [{ role: 'user', content: 'Another.' }] }));
    set.providers.usually('openai', anything());
    await set.ai.moderations.create({ input: 'Hello?' });
    await set.ai.models.retrieve('gpt-4.1');
  });
  expect(set.providers.sent).toHaveLength(3);
});

test('retries and fallbacks are paid by the run, and copies are not', async () => {
  const set = setUpCanary({ canary: { shadow: { upstream: 'openai', share: 1 }, retry: { attempts: 1 } } });
  set.providers.usually('openai', ANSWER).usually('gemini', ANSWER);
  await set.ai.canary.run({ budgetUsd: 17 }, async () => {
    await ask(set);
    set.providers.script('gemini', failed(500));
    await ask(set);
    expect(await refused(ask(set))).toMatchObject({ spentUsd: 16 });
  });
});

test('a cheaper upstream serves the call where the assigned one is too expensive for the rest', async () => {
  const set = setUpCanary({
    canary: {
      prices: { openai: { inputPerMTok: 0, outputPerMTok: 1 }, gemini: { inputPerMTok: 0, outputPerMTok: 8 } },
    },
  });
  set.providers.usually('openai', ANSWER).usually('gemini', ANSWER);
  await set.ai.canary.run({ budgetUsd: 9.5 }, async () => {
    await ask(set);
    await ask(set);
    await refused(ask(set));
  });
  expect(set.events.of('attempt').map(({ upstream }) => upstream)).toEqual(['gemini', 'openai']);
});

test('the budgets of the client apply within a run', async () => {
  const set = setUp({ canary: { budgets: [{ name: 'daily', per: 'day', limitUsd: 10, onExceeded: 'reject' }] } });
  set.providers.usually('openai', ANSWER);
  await set.ai.canary.run({ budgetUsd: 1_000 }, async () => {
    await ask(set);
    expect(await refused(ask(set))).toMatchObject({ budget: 'daily', per: 'day' });
  });
  expect(set.ai.canary.snapshot().budgets).toMatchObject([{ name: 'daily', spentUsd: 8, reservedUsd: 0 }]);
});

test.each([
  [{ budgetUsd: 0 }, 'run.budgetUsd should be above 0, got 0'],
  [{ budgetUsd: -1 }, 'run.budgetUsd should be'],
  [{ budgetUsd: '5' }, 'run.budgetUsd should be'],
  [{ budgetUsd: NaN }, 'run.budgetUsd should be'],
  [null, 'run should be an object of routing options, got null'],
  ['user-42', 'run should be an object of routing options, got a string: write { key }'],
])('refuses %j', (options, message) => {
  const { ai } = setUp();
  const run = () => ai.canary.run(options as RunOptions, () => undefined);
  expect(run).toThrow(ConfigError);
  expect(run).toThrow(message);
});
