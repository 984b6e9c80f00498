/** No caller is worse off than with the bare SDK: not in success, in bytes, in the time to the first byte, or in requests. */

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recorded, skipNote } from '../conformance/support/recordings.ts';
import { CATALOGUE } from './catalogue/catalogue.ts';
import { recordedBodies } from './catalogue/recorded.ts';
import type { Behaviour } from './support/behaviour.ts';
import { BARE, COLUMNS } from './support/columns.ts';
import { EXCEPTIONS, isException, type Exception } from './support/exceptions.ts';
import { harmsOf } from './support/rules.ts';
import { playScene, type SeenScene } from './support/run-scene.ts';
import { tableOf } from './support/table.ts';

const bare = new Map<Behaviour, SeenScene>();
const healthyBare = new Map<Behaviour, SeenScene>();
/** What each exception was needed for: columns and behaviours. */
const used = new Map<Exception, Set<string>>(EXCEPTIONS.map((exception) => [exception, new Set()]));
const scenes = new Map<string, SeenScene>();

beforeAll(async () => {
  for (const behaviour of CATALOGUE) {
    bare.set(behaviour, await playScene(behaviour, { ...BARE, faulty: 'own' }));
    healthyBare.set(behaviour, await playScene(behaviour, { ...BARE, faulty: undefined }));
  }
});

afterAll(() => {
  const file = process.env['HARM_TABLE'];
  if (file !== undefined) writeFileSync(file, tableOf(CATALOGUE, bare, scenes));
});

describe.each(COLUMNS)('$name', (column) => {
  test.each(CATALOGUE)('$name', async (behaviour) => {
    const faulty = bare.get(behaviour)!;
    const own = column.faulty === 'own' ? faulty : healthyBare.get(behaviour)!;
    const seen = await playScene(behaviour, column);
    scenes.set(`${column.name} ${behaviour.name}`, seen);
    const harms = harmsOf(column, seen, { own, faulty }).filter(({ rule }) => {
      const exceptions = EXCEPTIONS.filter((each) => isException(each, behaviour.name, column.name, rule));
      for (const exception of exceptions) used.get(exception)?.add(column.name).add(behaviour.name);
      return exceptions.length === 0;
    });
    expect(harms).toEqual([]);
  });
});

test.skipIf(!recorded)(`the catalogue has the recorded bodies${skipNote}`, () => {
  expect(recordedBodies.length).toBeGreaterThan(300);
});

test('the catalogue has enough behaviours, each with a name of its own', () => {
  expect(CATALOGUE.length).toBeGreaterThanOrEqual(400);
  expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
});

test.each(COLUMNS)(
  '$name asks the upstream with the behaviour, and the others are asked where they should be',
  (column) => {
    const hosts = new Set<string>();
    for (const behaviour of CATALOGUE) {
      const { requests } = scenes.get(`${column.name} ${behaviour.name}`)!;
      expect(requests.map(({ host }) => host)).toContain(column.faulty);
      for (const { host } of requests) hosts.add(host);
    }
    expect([...hosts].toSorted()).toEqual(column.hosts.toSorted());
  },
);

test.each(EXCEPTIONS)('the exception is still needed: $why', (exception) => {
  const stated = [...exception.columns, ...exception.of].filter((name) => name !== '');
  expect(stated.filter((name) => used.get(exception)?.has(name) !== true)).toEqual([]);
});
