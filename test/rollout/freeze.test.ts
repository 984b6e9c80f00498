/** In a freeze window no step begins by itself. */

import { describe, expect, test } from 'vitest';
import type { RolloutOptions } from '../../src/index.ts';
import { freezeAt, resolveFreeze, thawsAtMs } from '../../src/rollout/freeze.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';

type Freeze = NonNullable<RolloutOptions['freeze']>;

const isFrozen = (freeze: Freeze, at: string): boolean =>
  freezeAt(resolveFreeze('freeze', freeze), Date.parse(at)) !== undefined;
const thaws = (freeze: Freeze, at: string): string | undefined => {
  const thawMs = thawsAtMs(resolveFreeze('freeze', freeze), Date.parse(at));
  return thawMs === null ? undefined : new Date(thawMs).toISOString();
};

// 4 December 2026 is a Friday.
const FRIDAY_AFTERNOON: Freeze = [{ days: ['fri'], from: '14:00', to: '24:00', timeZone: 'Europe/Berlin' }];
const NIGHTS: Freeze = [{ from: '22:00', to: '06:00' }];
const BEFORE_SATURDAY: Freeze = [{ days: ['fri'], from: '22:00', to: '06:00' }];

describe('a window', () => {
  test.each<[Freeze, string, boolean]>([
    [FRIDAY_AFTERNOON, '2026-12-04T12:59:59Z', false],
    [FRIDAY_AFTERNOON, '2026-12-04T13:00:00Z', true],
    [FRIDAY_AFTERNOON, '2026-12-04T22:59:59Z', true],
    [FRIDAY_AFTERNOON, '2026-12-04T23:00:00Z', false],
    [FRIDAY_AFTERNOON, '2026-12-03T15:00:00Z', false],
    // In summer Berlin is two hours ahead.
    [FRIDAY_AFTERNOON, '2026-07-03T12:00:00Z', true],
    [NIGHTS, '2026-12-04T21:59:00Z', false],
    [NIGHTS, '2026-12-04T22:00:00Z', true],
    [NIGHTS, '2026-12-05T05:59:00Z', true],
    [NIGHTS, '2026-12-05T06:00:00Z', false],
    [BEFORE_SATURDAY, '2026-12-05T05:00:00Z', true],
    [BEFORE_SATURDAY, '2026-12-04T05:00:00Z', false],
    [[{ days: ['sun'], from: '22:00', to: '06:00' }], '2026-12-07T05:00:00Z', true],
    [[{ days: ['sat', 'sun'] }], '2026-12-06T23:59:00Z', true],
    [[], '2026-12-04T15:00:00Z', false],
  ])('%j at %s: %s', (freeze, at, frozen) => {
    expect(isFrozen(freeze, at)).toBe(frozen);
  });

  test.each<[Freeze, string, string | undefined]>([
    [FRIDAY_AFTERNOON, '2026-12-04T15:30:20Z', '2026-12-04T23:00:00.000Z'],
    [NIGHTS, '2026-12-04T23:30:00Z', '2026-12-05T06:00:00.000Z'],
    [[...BEFORE_SATURDAY, { days: ['sat'], from: '06:00' }], '2026-12-04T23:00:00Z', '2026-12-06T00:00:00.000Z'],
    [NIGHTS, '2026-12-04T12:00:00.500Z', '2026-12-04T12:00:00.500Z'],
    [[{}], '2026-12-04T12:00:00Z', undefined],
  ])('%j at %s ends at %s', (freeze, at, end) => {
    expect(thaws(freeze, at)).toBe(end);
  });

  test.each<[object, string]>([
    [{ days: ['friday'] }, 'freeze[0].days[0] should be one of mon, tue, wed, thu, fri, sat, sun, got "friday"'],
    [{ days: [] }, 'freeze[0].days should name at least one day'],
    [{ from: '14.00' }, `freeze[0].from should be a time between '00:00' and '24:00', got "14.00"`],
    [{ to: '24:01' }, `freeze[0].to should be a time between '00:00' and '24:00', got "24:01"`],
    [{ from: '10:00', to: '10:00' }, 'freeze[0].from should be another time than the end, 10:00'],
    [{ timeZone: 'Berlin' }, `freeze[0].timeZone should be a time zone like 'Europe/Berlin' or 'UTC', got "Berlin"`],
    [{ timezone: 'UTC' }, 'freeze[0].timezone is not an option; did you mean timeZone?'],
  ])('%j is refused', (window, message) => {
    expect(() => resolveFreeze('freeze', [window as never])).toThrow(message);
  });
});

/** The manual clock begins at this time of day, in UTC. */
function frozenNow(rollout: Partial<RolloutOptions> = {}): SetUp & { readonly endMs: number } {
  const { clock } = setUpRollout({});
  const nowMs = clock.now();
  const to = new Date(nowMs + 3_600_000).toISOString().slice(11, 16);
  const from = new Date(nowMs).toISOString().slice(11, 16);
  const steps = [{ weight: 0.2 }, { weight: 0.5, hold: '1d' }, { weight: 1 }] as const;
  const set = setUpRollout({ steps, guardrails: { errorRate: { margin: 0.3 } }, freeze: [{ from, to }], ...rollout });
  return { ...set, endMs: Math.floor(nowMs / 60_000) * 60_000 + 3_600_000 };
}

describe('in a window', () => {
  test('a proven step goes on only once it has ended, and the state says so', async () => {
    const set = frozenNow();
    await driver(set)({ calls: 600, perSecond: 20 });
    const { state } = set.ai.canary.rollout;
    expect(state).toMatchObject({ step: 0, earliestMoveMs: set.endMs });
    expect(state.waitsFor).toEqual([
      { for: 'freeze', message: expect.stringMatching(/^no step begins in the freeze/) },
    ]);
    await set.clock.advance(set.endMs - set.clock.now() - 5_000);
    expect(set.ai.canary.rollout.state.step).toBe(0);
    await driver(set)({ calls: 200, perSecond: 20, from: 10_000 });
    expect(set.ai.canary.rollout.state.step).toBe(1);
  });

  test('nothing is promoted', async () => {
    const set = frozenNow({ steps: [{ weight: 0.5 }] });
    await driver(set)({ calls: 600, perSecond: 20 });
    expect(set.ai.canary.rollout.state.phase).toBe('progressing');
    expect(set.events.of('promote')).toEqual([]);
  });

  test('a bad canary is rolled back', async () => {
    const set = frozenNow();
    failAt(set, { gemini: 1 });
    await driver(set)({ calls: 200, perSecond: 20 });
    expect(set.ai.canary.rollout.state.phase).toBe('rolledBack');
  });

  test('a person may start the next step', () => {
    const set = frozenNow();
    set.ai.canary.rollout.promote();
    expect(set.ai.canary.weights.gemini).toBe(0.5);
  });
});

test('a bad window is refused when the client is built', () => {
  expect(() => setUpRollout({ freeze: [{ from: '8:00' }] })).toThrow(
    `canary.rollout.freeze[0].from should be a time between '00:00' and '24:00', got "8:00"`,
  );
});
