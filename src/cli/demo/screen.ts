/** Live progress: a redrawn panel on a terminal, plain lines elsewhere. */

import type { CanaryClient } from '../../index.ts';
import { percent } from '../../domain/format.ts';
import type { Terminal } from '../terminal.ts';
import { upstreamTable } from '../upstream-table.ts';
import { panelLineOf, panelOf } from './panel.ts';
import type { Tally } from './tally.ts';

export interface Screen {
  /** Prints a line above the panel. */
  readonly say: (line: string) => void;
  readonly close: () => void;
}

const REDRAW_MS = 200;
const LINE_MS = 500;

export function openScreen(
  ai: CanaryClient,
  tally: Tally,
  { out, erase: eraseLines, isLive, colours }: Terminal,
): Screen {
  const startedMs = performance.now();
  let drawn = 0;
  const stamp = (): string => `${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)} s  `;
  const erase = (): void => {
    eraseLines(drawn);
    drawn = 0;
  };
  const draw = (): void => {
    const { served, lost, fallbacks } = tally.counts;
    if (!isLive) {
      out(`${stamp()}${served} served, ${lost} lost | ${panelLineOf(ai)}`);
      return;
    }
    erase();
    const counts = `${served} served, ${lost} lost, ${fallbacks} taken over by stable`;
    const lines = ['', ...panelOf(ai, colours), '', ...upstreamTable(ai), '', counts];
    for (const line of lines) out(line);
    drawn = lines.length;
  };
  const say = (line: string): void => {
    erase();
    out(stamp() + line);
    if (isLive) draw();
  };
  printEvents(ai, say);
  const timer = setInterval(draw, isLive ? REDRAW_MS : LINE_MS);
  return {
    say,
    close: () => {
      clearInterval(timer);
      erase();
    },
  };
}

function printEvents(ai: CanaryClient, say: Screen['say']): void {
  ai.canary.on('step', ({ step, weightsAfter, canary }) => {
    const copies = step === 1 ? 'Copies were answered well' : `${canary.calls} calls show it to be no worse`;
    say(`${copies}: the canary gets ${percent(weightsAfter.deepseek ?? 0)} of the users.`);
  });
  ai.canary.on('breaker', ({ upstream, from, to }) => say(`Breaker of ${upstream}: ${from} → ${to}.`));
  ai.canary.on('rollback', ({ upstream, reason }) => say(`ROLLBACK of ${upstream}. ${reason}.`));
}
