/** The output of the program, and what it can display. */

import type { WriteStream } from 'node:tty';

/** Each function colours a text, or returns it unchanged if colours are off. */
export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

export interface Terminal {
  /** Writes a line of the result to standard output. */
  readonly out: (line: string) => void;
  /** Writes a line of progress or an error to standard error. */
  readonly err: (line: string) => void;
  /** Whether lines can be redrawn in place. */
  readonly isLive: boolean;
  /** Erases the last lines. */
  readonly erase: (lines: number) => void;
  readonly colours: Colours;
}

/** The part of a process that is used. */
export interface Streams {
  readonly stdout: Pick<WriteStream, 'write' | 'isTTY'>;
  readonly stderr: Pick<WriteStream, 'write' | 'isTTY'>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours need a terminal and are off if `NO_COLOR` is set (https://no-color.org). With `TERM=dumb` nothing is redrawn or coloured. */
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
