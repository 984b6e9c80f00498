/**
 * For every fault of stable, the caller gets the whole answer of one upstream or a true error, and the next call is
 * served at once.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../src/testing/index.ts';
import { DrivenClock } from './support/fault-drive.ts';
import { deviationsOf, reportOf } from './support/fault-report.ts';
import type { Verdict } from './support/fault-scene.ts';
import { FAULTS } from './support/fault-table.ts';
import { startWall, type Wall } from './support/fault-wall.ts';

const clock = new DrivenClock();
const random = seededRandom(1);
const verdicts = new Map<string, Verdict>();
let wall: Wall;

beforeAll(async () => {
  wall = await startWall(
    FAULTS.flatMap(({ scenes }) => scenes),
    clock,
  );
});

afterAll(() => wall[Symbol.asyncDispose]());

test.each(FAULTS)('fault $number, $name: $rule', async (fault) => {
  for (const { model, play } of fault.scenes) {
    verdicts.set(model, await clock.drive(play({ wall, clock, random, slackMs: 0 })));
  }
  expect(deviationsOf(fault, verdicts)).toEqual([]);
  await clock.rest();
  expect(clock.pendingTimers).toBe(0);
});

test('all 16 faults end as specified, and presets.failover rescues all except a content policy violation', () => {
  const { lines, held, rescued } = reportOf(FAULTS, verdicts);
  // oxlint-disable-next-line no-console -- shows the result of each fault in the test output
  console.info(lines.join('\n'));
  expect(held).toEqual({ defaults: 16, failover: 16 });
  // By default, a stream that breaks off after its first words is not answered again.
  expect(rescued).toEqual({ defaults: 12, failover: 15 });
});
