/** Five calls at once. */

import { fail, pass, refused, type Check } from '../check.ts';
import { showMs } from '../read-chat.ts';
import { PING } from './chat.ts';

const CALLS = 5;
/** Less is quick enough, however it is served. */
const MIN_TOTAL_MS = 500;
/** One after the other takes five times as long as one; three leaves room for chance. */
const SERIAL_FACTOR = 3;

/** Runs alone. */
export const concurrency: Check = {
  name: 'concurrency',
  needs: 'chat',
  run: async (ask) => {
    const { clock } = ask.probing.input;
    const startedAtMs = clock.now();
    const replies = await Promise.all(Array.from({ length: CALLS }, () => ask.chat(PING)));
    const totalMs = clock.now() - startedAtMs;
    const refusals = replies.flatMap(({ refusal }) => refusal ?? []);
    const limited = refusals.filter(({ kind }) => kind === 'rateLimit').length;
    if (limited > 0) return fail(`${limited} of ${CALLS} calls at once were told to wait`);
    if (refusals[0]) return refused(refusals[0]);
    const { fastestMs } = ask.probing;
    const seen = `${CALLS} calls at once in ${showMs(totalMs)}, one in ${showMs(fastestMs)}`;
    return totalMs >= MIN_TOTAL_MS && totalMs >= SERIAL_FACTOR * fastestMs
      ? fail(`one after the other: ${seen}`)
      : pass(seen);
  },
};
