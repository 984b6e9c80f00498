/** What the command line's exit codes mean. */

/** Everything was done. */
export const DONE = 0;
/** It was done, and what was looked at is not well: a check failed, calls were lost. */
export const NOT_WELL = 1;
/** A wrong option, or a configuration that cannot be right. */
export const USAGE = 2;
/** The rollout refused: what was asked for makes no sense in its phase. */
export const REFUSED = 3;
/** No running process took the command in time. */
export const NO_ANSWER = 4;

/** For `--help`. */
export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  done, and not all is well: a check failed, calls were lost
  2  a wrong option, or a configuration that cannot be right
  3  refused: makes no sense in the rollout's phase
  4  no running process took the command in time`;
