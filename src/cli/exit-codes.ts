/** What the command line's exit codes mean. */

/** Everything was done. */
export const DONE = 0;
/** It was done, and what was looked at is not well: a check failed, calls were lost, a plan has warnings. */
export const NOT_WELL = 1;
/** A wrong option, or a configuration that cannot be right. */
export const USAGE = 2;
/** The rollout refused: what was asked for makes no sense in its phase. */
export const REFUSED = 3;
/** No running process took the command in time. */
export const NO_ANSWER = 4;
/** Something that nobody thought of, in the program or in what it was given. */
export const FAILED = 5;
/** Ctrl-C came before it was done; what was done until then is shown. */
export const INTERRUPTED = 130;

/** For `--help`. */
export const EXIT_CODES_HELP = `
Exit codes:
    0  done
    1  done, and not all is well: a check failed, calls were lost, a plan has warnings
    2  a wrong option, or a configuration that cannot be right
    3  refused: makes no sense in the rollout's phase
    4  no running process took the command in time, or none has begun the rollout
    5  a fault of the program
  130  stopped by Ctrl-C; what was done until then is shown`;
