/** The results of all scenes as a table. */

import type { Behaviour } from './behaviour.ts';
import { BARE, COLUMNS } from './columns.ts';
import type { SeenScene } from './run-scene.ts';

/** One row for each behaviour. In each cell: the calls that succeeded, bytes, the time to the first byte, and requests. */
export function tableOf(
  behaviours: readonly Behaviour[],
  scenes: ReadonlyMap<string, ReadonlyMap<string, SeenScene>>,
): string {
  const names = [BARE.name, ...COLUMNS.map(({ name }) => name)];
  const rows = behaviours.map(({ name }) => {
    const seen = names.map((column) => scenes.get(column)?.get(name));
    return [name, ...seen.map((scene) => (scene ? cellOf(scene) : ''))];
  });
  const lines = [['behaviour', ...names], ['---', ...names.map(() => '---')], ...rows];
  const legend = 'Calls that succeeded / calls, bytes given, mean time to the first byte or error, requests.';
  return `${legend}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function cellOf({ calls, requests }: SeenScene): string {
  const served = calls.filter(({ ok }) => ok).length;
  const bytes = calls.reduce((sum, call) => sum + call.bytes, 0);
  const firstMs = calls.reduce((sum, call) => sum + call.firstMs, 0) / calls.length;
  return `${served}/${calls.length}, ${bytes} B, ${(firstMs / 1_000).toFixed(2)} s, ${requests.length}`;
}
