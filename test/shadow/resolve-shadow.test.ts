import { expect, test } from 'vitest';
import { resolveShadow } from '../../src/shadow/resolve-shadow.ts';
import { refusalOf } from '../support/message-of.ts';

const NAMES = ['openai', 'gemini'];

test('fills in the defaults', () => {
  expect(resolveShadow({ upstream: 'gemini', share: 0.05 }, NAMES)).toEqual({
    shares: { gemini: 0.05 },
    when: undefined,
    maxConcurrency: 8,
    maxQueue: 32,
    maxBytes: 64_000_000,
    budgetUsd: undefined,
    timeoutMs: 120_000,
    compare: undefined,
    keepSamples: 0,
    keepResults: 1_000,
    abortWithCaller: false,
  });
});

test('accepts every option', () => {
  const when = (): boolean => true;
  const compare = (): { score: number } => ({ score: 1 });
  const bounds = {
    maxConcurrency: 2,
    maxQueue: 0,
    maxBytes: 1_000,
    budgetUsd: 5,
    keepSamples: 20,
    keepResults: 50,
    abortWithCaller: true,
  } as const;
  expect(resolveShadow({ upstream: 'gemini', share: 1, timeout: '30s', when, compare, ...bounds }, NAMES)).toEqual({
    shares: { gemini: 1 },
    timeoutMs: 30_000,
    when,
    compare,
    ...bounds,
  });
});

test('has no initial shares without an upstream', () => {
  expect(resolveShadow({}, NAMES).shares).toEqual({});
});

test.each<[object, string]>([
  [
    { upstream: 'gemni', share: 1 },
    'canary.shadow.upstream should be one of openai, deepseek, gemini, got "gemni"; did you mean gemini?',
  ],
  [{ share: 1 }, 'canary.shadow.upstream should be one of openai, deepseek, gemini, got undefined'],
  [{ upstream: 'gemini' }, 'canary.shadow.share should be between 0 and 1, got undefined'],
  [{ upstream: 'gemini', share: 5 }, 'canary.shadow.share should be between 0 and 1, got 5'],
  [{ maxConcurrency: 0 }, 'canary.shadow.maxConcurrency should be a whole number between 1 and 1000, got 0'],
  [{ maxBytes: -1 }, 'canary.shadow.maxBytes should be a whole number, at least 0, got -1'],
  [{ maxQueue: -1 }, 'canary.shadow.maxQueue should be a whole number between 0 and 10000, got -1'],
  [{ budgetUsd: -1 }, 'canary.shadow.budgetUsd should be a non-negative number, got -1'],
  [{ keepSamples: 1.5 }, 'canary.shadow.keepSamples should be a whole number between 0 and 1000, got 1.5'],
  [{ abortWithCaller: 'yes' }, 'canary.shadow.abortWithCaller should be true or false, got "yes"'],
  [{ when: 'always' }, 'canary.shadow.when should be a function, got a string'],
  [{ compare: {} }, 'canary.shadow.compare should be a function, got an object'],
  [
    { timeout: '1 minute' },
    "canary.shadow.timeout should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d', above 0, got \"1 minute\"",
  ],
  [{ shares: 1 }, 'canary.shadow.shares is not an option; did you mean share?'],
])('%j is rejected', (shadow, message) => {
  expect(refusalOf({ shadow })).toBe(message);
});
