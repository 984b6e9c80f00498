/** No caller is worse off than with the bare SDK: not in success, in bytes, in the time to the first byte, or in requests. */

import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { recorded, skipNote } from '../conformance/support/recordings.ts';
import { CATALOGUE } from './catalogue/catalogue.ts';
import { recordedBodies } from './catalogue/recorded.ts';
import { BARE, COLUMNS } from './support/columns.ts';
import { EXCEPTIONS, isException, type Exception } from './support/exceptions.ts';
import { harmsOf } from './support/rules.ts';
import { playScene, type SeenScene } from './support/run-scene.ts';
import { tableOf } from './support/table.ts';

/** What each exception was needed for: columns and behaviours. */
const used = new Map<Exception, Set<string>>(EXCEPTIONS.map((exception) => [exception, new Set()]));
/** By the name of the column, then by that of the behaviour. */
const scenes = new Map<string, Map<string, SeenScene>>();

function keep(column: string, behaviour: string, scene: SeenScene): SeenScene {
  const ofColumn = scenes.get(column) ?? new Map<string, SeenScene>();
  scenes.set(column, ofColumn.set(behaviour, scene));
  return scene;
}

afterAll(() => {
  const file = process.env['HARM_TABLE'];
  if (file !== undefined) writeFileSync(file, tableOf(CATALOGUE, scenes));
});

describe('no harm is done by', () => {
  test.each(CATALOGUE)('$name', async (behaviour) => {
    const { name } = behaviour;
    const faulty = keep(BARE.name, name, await playScene(behaviour, { ...BARE, faulty: 'own' }));
    const healthy = await playScene(behaviour, { ...BARE, faulty: undefined });
    const harms: string[] = [];
    for (const column of COLUMNS) {
      const seen = keep(column.name, name, await playScene(behaviour, column));
      const own = column.faulty === 'own' ? faulty : healthy;
      for (const { rule, what } of harmsOf(column, seen, { own, faulty })) {
        const exceptions = EXCEPTIONS.filter((each) => isException(each, name, column.name, rule));
        for (const exception of exceptions) used.get(exception)?.add(column.name).add(name);
        if (exceptions.length === 0) harms.push(`${column.name}: ${rule}: ${what}`);
      }
    }
    expect(harms).toEqual([]);
  });
});

test.skipIf(!recorded)(`the catalogue has the recorded bodies${skipNote}`, () => {
  expect(recordedBodies.length).toBeGreaterThan(300);
});

test('the catalogue has enough behaviours, each with a name of its own', () => {
  expect(CATALOGUE.length - recordedBodies.length).toBeGreaterThan(500);
  expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
});

test.each(COLUMNS)('$name asks the upstream with the behaviour, and in some scene each of the others', (column) => {
  const ofColumn = [...scenes.get(column.name)!];
  const unasked = ofColumn.filter(([, { requests }]) => !requests.some(({ host }) => host === column.faulty));
  // Calls that belong to one account stay on stable.
  const expected = /^(aborted before it was sent|models: |upload: |retrieve: )/;
  expect(unasked.map(([name]) => name).filter((name) => !expected.test(name))).toEqual([]);
  const hosts = new Set(ofColumn.flatMap(([, { requests }]) => requests.map(({ host }) => host)));
  expect([...hosts].toSorted()).toEqual(column.hosts.toSorted());
});

test.each(EXCEPTIONS)('the exception is still needed: $why', (exception) => {
  const stated = [...exception.columns, ...exception.of].filter((name) => name !== '');
  expect(stated.filter((name) => used.get(exception)?.has(name) !== true)).toEqual([]);
});
