/** A readable report on the sixteen faults. */

import type { Verdict, WallFault } from './fault-scene.ts';

/** Verdicts by the model of the scene. */
export type Verdicts = ReadonlyMap<string, Verdict>;

export interface Report {
  /** A table of all scenes and a summary line. */
  readonly lines: readonly string[];
  /** The number of faults whose scenes all ended as specified. */
  readonly held: number;
  /** The number of faults for which a buffered stream reached its caller whole. */
  readonly rescued: number;
}

export function reportOf(faults: readonly WallFault[], verdicts: Verdicts): Report {
  const held = faults.filter((fault) => deviationsOf(fault, verdicts).length === 0).length;
  const rescued = faults.filter((fault) => isRescued(fault, verdicts)).length;
  const rows = faults.flatMap((fault) => rowsOf(fault, verdicts));
  return {
    lines: [
      ...aligned([['', 'fault', 'stream', '', 'requests', 'what the caller got', ''], ...rows]),
      '',
      `${held} of ${faults.length} faults as specified; ${rescued} rescued whole with stream: 'buffered'`,
    ],
    held,
    rescued,
  };
}

/** The deviations of all scenes of a fault. */
export function deviationsOf(fault: WallFault, verdicts: Verdicts): readonly string[] {
  const { number, scenes, rescuable } = fault;
  const lines = scenes.flatMap(({ model, mode, note }) => {
    const deviations = verdicts.get(model)?.deviations ?? ['not played'];
    return deviations.map((line) => `fault ${number}, ${[mode, note].filter(Boolean).join(', ')}: ${line}`);
  });
  if (isRescued(fault, verdicts) === rescuable) return lines;
  return [...lines, `fault ${number}: ${rescuable ? 'not rescued' : 'rescued, which it should not be'}`];
}

function isRescued({ scenes }: WallFault, verdicts: Verdicts): boolean {
  return scenes.some(({ mode, model }) => mode === 'buffered' && verdicts.get(model)?.whole);
}

function rowsOf({ number, name, scenes }: WallFault, verdicts: Verdicts): string[][] {
  return scenes.map(({ model, mode, note }, index) => {
    const { asked = '', got = '', deviations = ['not played'] } = verdicts.get(model) ?? {};
    const [label, title] = index === 0 ? [String(number), name] : ['', ''];
    return [label, title, mode, note, asked, got, deviations.length === 0 ? '✓' : '✗'];
  });
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
