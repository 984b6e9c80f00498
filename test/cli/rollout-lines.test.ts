/** What `status` prints of a rollout. */

import { expect, test } from 'vitest';
import { rolloutLines } from '../../src/cli/rollout-lines.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { driver, setUpRollout } from '../support/rollout-traffic.ts';

const { stdout, stderr } = process;
const { colours } = terminalOf({ stdout, stderr, env: { NO_COLOR: '1' } });

test('the actual share, latency and cost against stable, guardrails in dry run, and a freeze', async () => {
  const set = setUpRollout({
    steps: [{ weight: 0.3, hold: '1d' }, { weight: 1 }],
    guardrails: { errorRate: {}, costPerCall: { dryRun: true } },
    freeze: [{ from: '00:00', to: '24:00' }],
  });
  await driver(set)({ calls: 200, perSecond: 50 });
  const lines = rolloutLines(set.ai.canary.rollout.state, set.clock.now(), colours);
  expect(lines).toContainEqual(
    expect.stringMatching(/^canary: 2\d.* % of the calls of this step, .*cost per call the same$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^costPerCall \(dry run\) +\d/));
  expect(lines).toContain('waiting: no step begins in the freeze window every day 00:00–24:00 (UTC)');
});

test('nothing is compared before the first call', () => {
  const { state } = setUpRollout({ steps: [{ weight: 0.3, hold: '1d' }, { weight: 1 }] }).ai.canary.rollout;
  expect(rolloutLines(state, 0, colours).filter((line) => line.startsWith('canary:'))).toEqual([]);
});
