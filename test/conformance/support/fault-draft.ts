/** Creates scenes, each with its own model. */

import type { StreamMode } from '../../../src/index.ts';
import { judge } from './fault-judge.ts';
import { playOutage } from './fault-outage.ts';
import { playCall, type Part } from './fault-play.ts';
import type { Expectation, Scene, Stage, Staging, Verdict, WallFault } from './fault-scene.ts';

/** A scene without its model. */
export type Draft = (model: string) => Scene;

export function fault(
  number: number,
  [name, rule]: readonly [name: string, rule: string],
  drafts: readonly Draft[],
  { rescuable = true } = {},
): WallFault {
  const prefix = `fault-${String(number).padStart(2, '0')}`;
  return { number, name, rule, scenes: drafts.map((draft, index) => draft(`${prefix}-${index}`)), rescuable };
}

/** One call whose stream is delivered in `mode`; `note` describes its special condition. */
export function scene(mode: StreamMode, staging: Staging, expects: Expectation, note = ''): Draft {
  return played(mode, staging, note, async (part, stage) =>
    judge(await playCall(part, staging, stage, expects.again !== undefined), expects, stage),
  );
}

/** Scenes for both stream modes, with the same expectation. */
export function bothModes(staging: Staging, expects: Expectation, note = ''): Draft[] {
  return [scene('committed', staging, expects, note), scene('buffered', staging, expects, note)];
}

/** Scenes with calls during an outage of stable. */
export function outage(staging: Staging): Draft[] {
  return (['committed', 'buffered'] as const).map((mode) =>
    played(mode, staging, '', (part, stage) => playOutage(part, staging, stage)),
  );
}

function played(
  mode: StreamMode,
  staging: Staging,
  note: string,
  play: (part: Part, stage: Stage) => Promise<Verdict>,
): Draft {
  return (model) => ({ model, mode, note, staging, play: (stage) => play({ model, mode }, stage) });
}
