/** Five calls at once. */

import { fail, pass, refused, type Check } from '../check.ts';
import { PING } from './chat.ts';

const CALLS = 5;
/** Less is quick enough, however it is served. */
const MIN_TOTAL_MS = 500;
/**
 * One after the other, each answer comes about one answer's time after the one before. Answers that are made at once differ by
 * chance (a factor of three within five is nothing rare), but not in even steps.
 */
const MIN_STEP = 0.4;

/** Runs alone. */
export const concurrency: Check = {
  name: 'concurrency',
  needs: 'chat',
  run: async (ask) => {
    const replies = await Promise.all(Array.from({ length: CALLS }, () => ask.chat(PING)));
    const refusals = replies.flatMap(({ refusal }) => refusal ?? []);
    const limited = refusals.filter(({ kind }) => kind === 'rateLimit').length;
    if (limited > 0) return fail(`${limited} of ${CALLS} calls at once were told to wait`);
    if (refusals[0]) return refused(refusals[0]);
    const latenciesMs = replies.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other);
    const seen = `${CALLS} calls at once were answered after ${latenciesMs.map(Math.round).join(', ')} ms`;
    return isSerial(latenciesMs) ? fail(`one after the other: ${seen}`) : pass(seen);
  },
};

/** By latencies, ascending. */
function isSerial(latenciesMs: readonly number[]): boolean {
  const [firstMs = 0] = latenciesMs;
  const steps = latenciesMs.slice(1).map((latencyMs, index) => latencyMs - (latenciesMs[index] ?? 0));
  return (latenciesMs.at(-1) ?? 0) >= MIN_TOTAL_MS && steps.every((stepMs) => stepMs >= MIN_STEP * firstMs);
}
