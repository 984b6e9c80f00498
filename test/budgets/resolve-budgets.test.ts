/** Invalid `limits` and `budgets` options. */

import { expect, test } from 'vitest';
import { exactly, refusalOf } from '../support/message-of.ts';

const BUDGET = { name: 'all', per: 'day', limitUsd: 1 };

test.each([
  [{ limits: { gemini: { rpm: 0 } } }, 'canary.limits.gemini.rpm should be a whole number, at least 1, got 0'],
  [{ limits: { gemini: { tpm: 1.5 } } }, 'canary.limits.gemini.tpm should be a whole number, at least 1, got 1.5'],
  [{ limits: { gemini: { rps: 1 } } }, 'canary.limits.gemini.rps is not an option; did you mean rpm?'],
  [
    { limits: { gemni: {} } },
    'canary.limits.gemni should be one of openai, deepseek, gemini, got "gemni"; did you mean gemini?',
  ],
  [
    { limits: { openai: { concurrency: 'all' } } },
    'canary.limits.openai.concurrency should be a whole number, at least 1, got "all"',
  ],
  [
    { limits: { openai: { queue: { maxLength: 0 } } } },
    'canary.limits.openai.queue.maxLength should be a whole number, at least 1, got 0',
  ],
  [{ budgets: BUDGET }, 'canary.budgets should be a list of budgets, got an object'],
  [{ budgets: [{ ...BUDGET, per: 'week' }] }, 'canary.budgets[0].per should be one of hour, day, month, got "week"'],
  [{ budgets: [{ ...BUDGET, limitUsd: 0 }] }, 'canary.budgets[0].limitUsd should be above 0, got 0'],
  [{ budgets: [BUDGET, BUDGET] }, 'canary.budgets[1].name should be unique among the budgets, got "all"'],
  [
    { budgets: [{ ...BUDGET, scope: { upstream: 'x' } }] },
    'canary.budgets[0].scope.upstream should be one of openai, deepseek, gemini, got "x"',
  ],
  [
    { budgets: [{ ...BUDGET, scope: 'keys' }] },
    'canary.budgets[0].scope should be one of key, upstream, got "keys"; did you mean key?',
  ],
  [
    { budgets: [{ ...BUDGET, onExceeded: 'stop' }] },
    'canary.budgets[0].onExceeded should be one of alert, reject, got "stop"',
  ],
])('rejects %j', (canary, message) => {
  expect(refusalOf(canary)).toMatch(exactly(message));
});
