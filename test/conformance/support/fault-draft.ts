/** Creates scenes, each with its own model. */

import { judge } from './fault-judge.ts';
import { playOutage } from './fault-outage.ts';
import { playCall, type Part } from './fault-play.ts';
import {
  SETTINGS,
  type Expectation,
  type Scene,
  type Setting,
  type Stage,
  type Staging,
  type Verdict,
  type WallFault,
} from './fault-scene.ts';

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

/** One call of a client with this setting; `note` describes its special condition. */
export function scene(setting: Setting, staging: Staging, expects: Expectation, note = ''): Draft {
  return played(setting, staging, note, async (part, stage) =>
    judge(await playCall(part, staging, stage, expects.again !== undefined), expects, stage),
  );
}

/** Scenes for both settings, with the same expectation. */
export function bothSettings(staging: Staging, expects: Expectation, note = ''): Draft[] {
  return SETTINGS.map((setting) => scene(setting, staging, expects, note));
}

/** Scenes with calls during an outage of stable. */
export function outage(staging: Staging): Draft[] {
  return SETTINGS.map((setting) => played(setting, staging, '', (part, stage) => playOutage(part, staging, stage)));
}

function played(
  setting: Setting,
  staging: Staging,
  note: string,
  play: (part: Part, stage: Stage) => Promise<Verdict>,
): Draft {
  return (model) => ({ model, setting, note, staging, play: (stage) => play({ model, setting }, stage) });
}
