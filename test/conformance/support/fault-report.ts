/** A readable report on the sixteen faults. */

import { SETTINGS, type Scene, type Setting, type Verdict, type WallFault } from './fault-scene.ts';

/** Verdicts by the model of the scene. */
export type Verdicts = ReadonlyMap<string, Verdict>;

export interface Report {
  /** A table with a column for each setting, and a summary line for each. */
  readonly lines: readonly string[];
  /** The number of faults whose scenes all ended as specified, by setting. */
  readonly held: Readonly<Record<Setting, number>>;
  /** The number of faults in which a whole answer reached the caller, by setting. */
  readonly rescued: Readonly<Record<Setting, number>>;
}

const TITLES: Readonly<Record<Setting, string>> = {
  defaults: 'package defaults',
  failover: 'presets.failover',
};

export function reportOf(faults: readonly WallFault[], verdicts: Verdicts): Report {
  const count = (holds: (fault: WallFault, setting: Setting) => boolean): Record<Setting, number> => ({
    defaults: faults.filter((fault) => holds(fault, 'defaults')).length,
    failover: faults.filter((fault) => holds(fault, 'failover')).length,
  });
  const held = count((fault, setting) => deviationsIn(fault, setting, verdicts).length === 0);
  const rescued = count((fault, setting) => isRescued(fault, setting, verdicts));
  const heads = ['', 'fault', '', ...SETTINGS.flatMap((setting) => [TITLES[setting], ''])];
  const rows = faults.flatMap((fault) => rowsOf(fault, verdicts));
  const summaries = SETTINGS.map(
    (setting) =>
      `${TITLES[setting]}: ${held[setting]} of ${faults.length} faults end as specified, ${rescued[setting]} of them with a whole answer`,
  );
  return { lines: [...aligned([heads, ...rows]), '', ...summaries], held, rescued };
}

/** The deviations of all scenes of a fault. */
export function deviationsOf(fault: WallFault, verdicts: Verdicts): readonly string[] {
  const { number, rescuable } = fault;
  const lines = SETTINGS.flatMap((setting) => deviationsIn(fault, setting, verdicts));
  if (isRescued(fault, 'failover', verdicts) === rescuable) return lines;
  return [...lines, `fault ${number}: ${rescuable ? 'not rescued' : 'rescued, which it should not be'}`];
}

function deviationsIn({ number, scenes }: WallFault, setting: Setting, verdicts: Verdicts): readonly string[] {
  return scenes
    .filter((scene) => scene.setting === setting)
    .flatMap(({ model, note }) =>
      (verdicts.get(model)?.deviations ?? ['not played']).map(
        (line) => `fault ${number}, ${[TITLES[setting], note].filter(Boolean).join(', ')}: ${line}`,
      ),
    );
}

function isRescued({ scenes }: WallFault, setting: Setting, verdicts: Verdicts): boolean {
  return scenes.some((scene) => scene.setting === setting && verdicts.get(scene.model)?.whole);
}

function rowsOf({ number, name, scenes }: WallFault, verdicts: Verdicts): string[][] {
  return [...Map.groupBy(scenes, ({ note }) => note)].map(([note, alike], index) => [
    ...(index === 0 ? [String(number), name] : ['', '']),
    note,
    ...SETTINGS.flatMap((setting) =>
      cellsOf(
        alike.find((scene) => scene.setting === setting),
        verdicts,
      ),
    ),
  ]);
}

function cellsOf(scene: Scene | undefined, verdicts: Verdicts): readonly string[] {
  const { got = 'not played', deviations = [''] } = (scene && verdicts.get(scene.model)) ?? {};
  return [got, deviations.length === 0 ? '✓' : '✗'];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[1] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
