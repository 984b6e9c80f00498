/** The packed package in applications of both module systems, with the oldest and the newest supported SDK. */

import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, inject, test } from 'vitest';

interface Observed {
  readonly exports: Readonly<Record<string, readonly string[]>>;
  readonly renamedClasses: readonly string[];
  readonly isInstanceOfSdk: boolean;
  readonly extendsSdkClass: boolean;
  readonly plainAnswer: string;
  readonly routedAnswer: string;
  readonly streamedAnswer: string;
  readonly modelsSent: readonly string[];
  readonly errorIsOfSdk: boolean;
}

const applications = inject('consumers').flatMap(({ sdkVersion, directory }) => [
  { how: 'imported', script: 'observe.mjs', sdkVersion, directory },
  { how: 'required', script: 'observe.cjs', sdkVersion, directory },
]);

test('the oldest and the newest supported SDK are different versions', () => {
  expect(inject('consumers').map(({ sdkVersion }) => sdkVersion.split('.')[0])).toEqual(['7', '6']);
});

describe.each(applications)('$how, with openai $sdkVersion', ({ script, directory }) => {
  let observed: Observed;
  beforeAll(() => {
    observed = JSON.parse(execFileSync(process.execPath, [script], { cwd: directory, encoding: 'utf8' }));
  });

  test('a client is an instance of the SDK’s class', () => {
    expect(observed.isInstanceOfSdk).toBe(true);
  });

  test('the class extends the SDK’s class', () => {
    expect(observed.extendsSdkClass).toBe(true);
  });

  test('every class has the name of its export', () => {
    expect(observed.renamedClasses).toEqual([]);
  });

  test('a call without a canary option is answered', () => {
    expect(observed.plainAnswer).toBe('Hello.');
  });

  test('a call is routed by the weights, streamed or not', () => {
    expect(observed.modelsSent).toEqual(['model-of-caller', 'model-of-next', 'model-of-next', 'refused']);
    expect([observed.routedAnswer, observed.streamedAnswer]).toEqual(['Hello.', 'Hello.']);
  });

  test('an error is an instance of the SDK’s class', () => {
    expect(observed.errorIsOfSdk).toBe(true);
  });

  test('every entry point exports what its source exports', async () => {
    const sources = {
      '.': await import('../../src/index.ts'),
      './testing': await import('../../src/testing/index.ts'),
      './analysis': await import('../../src/analysis/index.ts'),
      './prometheus': await import('../../src/prometheus/index.ts'),
    };
    expect(observed.exports).toEqual(
      Object.fromEntries(Object.entries(sources).map(([path, source]) => [path, Object.keys(source).toSorted()])),
    );
  });
});
