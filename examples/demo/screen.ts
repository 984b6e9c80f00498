/** Live progress: a table that redraws itself in a terminal, plain lines elsewhere. */

import type { CanaryClient } from '../../src/index.ts';
import { tableOf } from './table.ts';
import type { Tally } from './tally.ts';

export interface Screen {
  /** Says something above the live table. */
  readonly say: (line: string) => void;
  readonly close: () => void;
}

const REDRAW_MS = 200;
const LINE_MS = 1_000;

export function openScreen(ai: CanaryClient, tally: Tally): Screen {
  const live = process.stdout.isTTY;
  const startedMs = performance.now();
  let drawn = 0;
  const stamp = (): string => `${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)} s  `;
  const erase = (): void => {
    if (drawn > 0) process.stdout.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    if (!live) {
      console.log(stamp() + summary(ai, tally));
      return;
    }
    erase();
    const lines = [
      '',
      ...tableOf(ai),
      '',
      `${tally.counts.served} served, ${tally.counts.lost} lost, ${tally.counts.fallbacks} fallbacks`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const say = (line: string): void => {
    erase();
    console.log(stamp() + line);
    if (live) draw();
  };
  ai.canary.on('breaker', ({ upstream, from, to }) => say(`Breaker of ${upstream}: ${from} → ${to}.`));
  ai.canary.on('rollback', ({ upstream, reason }) => say(`ROLLBACK of ${upstream}. ${reason}.`));
  const timer = setInterval(draw, live ? REDRAW_MS : LINE_MS);
  return {
    say,
    close: () => {
      clearInterval(timer);
      erase();
    },
  };
}

/** One line in place of the table. */
function summary(ai: CanaryClient, tally: Tally): string {
  const [, ...rows] = tableOf(ai);
  return [
    `${tally.counts.served} served, ${tally.counts.lost} lost`,
    ...rows.map((row) => row.replace(/ {2,}/g, ' ')),
  ].join(' | ');
}
