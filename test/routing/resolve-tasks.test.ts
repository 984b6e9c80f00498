/** The check of the `tasks` option. */

import { expect, test } from 'vitest';
import { resolveTasks } from '../../src/routing/tasks.ts';

const refusals: readonly (readonly [unknown, string])[] = [
  [{}, 'canary.tasks.routes should be an object of lists of upstreams, got undefined'],
  [{ routes: { legal: 'openai' } }, 'canary.tasks.routes.legal should be a list of upstreams, got a string'],
  [{ routes: { legal: [] } }, 'canary.tasks.routes.legal should name at least one upstream'],
  [
    { routes: { legal: ['opanai'] } },
    'canary.tasks.routes.legal[0] should be one of openai, gemini, got "opanai"; did you mean openai?',
  ],
  [
    { routes: { legal: ['openai', 'openai'] } },
    'canary.tasks.routes.legal should name each upstream once, got openai twice',
  ],
  [{ routes: {}, classify: 'legal' }, 'canary.tasks.classify should be a function, got a string'],
  [{ routes: {}, clasify: () => 'x' }, 'canary.tasks.clasify is not an option; did you mean classify?'],
];

test.each(refusals)('%j is refused with its path', (tasks, message) => {
  // The type checker would refuse these values.
  expect(() => resolveTasks(tasks as never, ['openai', 'gemini'])).toThrow(
    expect.objectContaining({ code: 'CONFIG', message }),
  );
});

test('tasks without a classifier are accepted, and the option may be omitted', () => {
  expect(resolveTasks({ routes: { legal: ['openai'] } }, ['openai'])?.routes.get('legal')).toEqual(['openai']);
  expect(resolveTasks(undefined, ['openai'])).toBeUndefined();
});
