/** Where the command line writes to, and what that can show. */

import type { WriteStream } from 'node:tty';

/** Colours that tables use; each returns the text as it is where colours are not wanted. */
export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

export interface Terminal {
  /** Writes a line of what was asked for. */
  readonly out: (line: string) => void;
  /** Writes a line about it: progress, errors. */
  readonly err: (line: string) => void;
  /** Lines may be drawn over one another. */
  readonly isLive: boolean;
  /** Takes back the last lines. */
  readonly erase: (lines: number) => void;
  readonly colours: Colours;
}

/** The streams of a process, as far as they are used. */
export interface Streams {
  readonly stdout: Pick<WriteStream, 'write' | 'isTTY'>;
  readonly stderr: Pick<WriteStream, 'write' | 'isTTY'>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours are for terminals, unless `NO_COLOR` is set (https://no-color.org); `TERM=dumb` draws nothing over. */
export function terminalOf({ stdout, stderr, env }: Streams): Terminal {
  const isLive = stdout.isTTY && env.TERM !== 'dumb';
  const isColoured = isLive && !env.NO_COLOR;
  const paint = (code: number) => (text: string) => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    isLive,
    erase: (lines) => void (isLive && lines > 0 && stdout.write(`\x1b[${lines}A\x1b[0J`)),
    colours: { bold: paint(1), dim: paint(2), green: paint(32), red: paint(31), yellow: paint(33) },
  };
}
