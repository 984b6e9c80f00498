/** The exit codes of the program. */

/** Success. */
export const DONE = 0;
/** The command completed and found problems: a check failed, calls were lost or the plan has warnings. */
export const PROBLEMS_FOUND = 1;
/** An invalid option or configuration. */
export const USAGE = 2;
/** The command is not possible in the rollout's current phase. */
export const REFUSED = 3;
/** No running process executed the command in time, or no process has started the rollout. */
export const NO_ANSWER = 4;
/** An unexpected error. */
export const FAILED = 5;
/** Interrupted by Ctrl-C; the results so far are printed. */
export const INTERRUPTED = 130;

/** Part of `--help`. */
export const EXIT_CODES_HELP = `
Exit codes:
    0  success
    1  problems found: a check failed, calls were lost or the plan has warnings
    2  invalid option or configuration
    3  not possible in the rollout's current phase
    4  no running process executed the command in time, or no process has started the rollout
    5  unexpected error
  130  interrupted by Ctrl-C; the results so far are printed`;
