/** Progress: drawn over and over in a terminal, plain lines elsewhere. */

import type { Terminal } from './terminal.ts';

export interface LiveView {
  /** Says something once, above what is drawn. */
  readonly say: (line: string) => void;
  /** Takes away what is drawn. */
  readonly close: () => void;
}

export interface LiveViewInput {
  /** What a terminal shows. */
  readonly lines: () => readonly string[];
  /** What is written in its place elsewhere: one line at a time. */
  readonly summary: () => string;
}

const REDRAW_MS = 200;
const LINE_MS = 2_000;

/** Progress goes to standard error where it is not drawn: what is asked for stays alone on standard output. */
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
    say: (line) => {
      clear();
      err(line);
    },
    close: () => {
      clearInterval(timer);
      clear();
    },
  };
}
