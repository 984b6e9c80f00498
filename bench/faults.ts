/**
 * Plays the sixteen faults of the conformance tests with their full delays, on the real clock and on real sockets. Reports which
 * upstream got which request and when, what the caller got, and whether the next call was served at once. All scenes run
 * concurrently, so the total is the time of the longest: about two minutes. Fails unless all 16 faults end as specified, with the
 * package's defaults and with `presets.failover`, and the latter rescues all but a content policy violation.
 *
 *   npm run faults
 */

import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/time/system-clock.ts';
import { deviationsOf, reportOf } from '../test/conformance/support/fault-report.ts';
import { SETTINGS, type Scene, type Verdict } from '../test/conformance/support/fault-scene.ts';
import { FAULTS } from '../test/conformance/support/fault-table.ts';
import { startWall } from '../test/conformance/support/fault-wall.ts';

/** Longer than a busy machine delays a timer, shorter than any wait in the table. */
const SLACK_MS = 1_000;
/** The time limit for all scenes; a scene that is not finished by then hangs. */
const LIMIT_MS = 180_000;
/** Scenes start this long after one another: a simultaneous start would measure the machine. */
const APART_MS = 300;

const scenes = FAULTS.flatMap((fault) =>
  fault.scenes.map((scene) => ({ number: fault.number, name: fault.name, scene })),
);
const verdicts = new Map<string, Verdict>();
const startedMs = performance.now();
await using wall = await startWall(
  scenes.map(({ scene }) => scene),
  systemClock,
);
say(`${scenes.length} scenes of ${FAULTS.length} faults; the longest takes about two minutes.`);

const limit = new AbortController();
const played = Promise.all(
  scenes.map(async ({ number, name, scene }, index) => {
    await wait(index * APART_MS);
    await play(scene, `fault ${number}, ${name}`);
  }),
);
await Promise.race([played, wait(LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined)]);
limit.abort();

const { lines, held, rescued } = reportOf(FAULTS, verdicts);
console.log(['', ...lines, ...FAULTS.flatMap((fault) => deviationsOf(fault, verdicts))].join('\n'));
// A scene that hangs would keep the process alive.
const areHeld = SETTINGS.every((setting) => held[setting] === FAULTS.length);
process.exit(areHeld && rescued.failover === FAULTS.length - 1 ? 0 : 1);

async function play(scene: Scene, title: string): Promise<void> {
  const stage = { wall, clock: systemClock, random: Math.random, slackMs: SLACK_MS };
  const verdict = await scene.play(stage);
  verdicts.set(scene.model, verdict);
  const about = [title, scene.setting, scene.note].filter(Boolean).join(', ');
  say(`${verdict.deviations.length === 0 ? '✓' : '✗'} ${about}: asked ${verdict.asked}; ${verdict.got}`);
}

function say(line: string): void {
  const sinceS = (performance.now() - startedMs) / 1_000;
  console.log(`${sinceS.toFixed(1).padStart(6)} s  ${line}`);
}
