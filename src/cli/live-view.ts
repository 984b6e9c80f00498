/** Shows progress: redrawn in place in a terminal, as plain lines elsewhere. */

import type { Terminal } from './terminal.ts';

export interface LiveView {
  /** Prints a line above the view. */
  readonly log: (line: string) => void;
  /** Removes the view. */
  readonly close: () => void;
}

export interface LiveViewInput {
  /** The view in a terminal. */
  readonly lines: () => readonly string[];
  /** The line that is printed elsewhere. */
  readonly summary: () => string;
}

const REDRAW_MS = 200;
const LINE_MS = 2_000;

/** Without a terminal, progress goes to standard error, so that standard output contains only the result. */
export function openLiveView({ out, err, erase, isLive }: Terminal, { lines, summary }: LiveViewInput): LiveView {
  let drawn = 0;
  const clear = (): void => {
    erase(drawn);
    drawn = 0;
  };
  const draw = (): void => {
    if (!isLive) return err(summary());
    clear();
    const shown = lines();
    for (const line of shown) out(line);
    drawn = shown.length;
  };
  const timer = setInterval(draw, isLive ? REDRAW_MS : LINE_MS);
  timer.unref();
  return {
    log: (line) => {
      clear();
      err(line);
    },
    close: () => {
      clearInterval(timer);
      clear();
    },
  };
}
