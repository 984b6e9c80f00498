/** Whether the two sides of a rollout are in service, in words for people. */

import type { PauseKind } from '../resilience/pause.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** An answer within this time is recent, in ms. */
const RECENT_MS = 30_000;

/**
 * What speaks against a canary being in service; `undefined` if it is: its breaker is closed, it is not paused, and it has answered of late.
 * With few calls, of late is within the time that its latest 20 answers took.
 *
 * @param answeredAtMs times of its latest answers, oldest first
 * @param copies only in a shadow step, where the answers are those of copies
 */
export function whyOutOfService(
  upstream: Upstream | undefined,
  answeredAtMs: readonly number[],
  nowMs: number,
  copies?: { readonly pausedFor: PauseKind | undefined; readonly hang: boolean },
): string | undefined {
  const refused = whyRefused('the canary', upstream, nowMs, copies !== undefined);
  if (refused !== undefined) return refused;
  if (copies?.pausedFor) return `copies to the canary are paused (${PAUSES[copies.pausedFor]})`;
  if (copies?.hang) return 'copies to the canary hang: they run for more than twice as long as any answer so far';
  const [first, last] = [answeredAtMs[0], answeredAtMs.at(-1)];
  if (first === undefined || last === undefined) return `the canary has not answered a ${copies ? 'copy' : 'call'} yet`;
  if (nowMs - last <= Math.max(RECENT_MS, last - first)) return undefined;
  return `the canary's last answer was ${Math.round((nowMs - last) / 1_000)} s ago`;
}

/**
 * Why the breaker or a pause keeps calls from a side of a rollout; `undefined` if they do not.
 *
 * @param getsCopiesAlone a half-open breaker waits for a call, which would never come: the first call of the next step is its trial
 */
export function whyRefused(
  side: 'the canary' | 'stable',
  upstream: Upstream | undefined,
  nowMs: number,
  getsCopiesAlone = false,
): string | undefined {
  const models = upstream?.models.all ?? [];
  const states = models.map(({ breaker }) => breaker?.state.state ?? 'closed');
  if (states.includes('open')) return `${side}'s breaker is open`;
  // A model without calls may stay half-open for ever, which does not matter while others are closed.
  if (!getsCopiesAlone && states.includes('halfOpen') && !states.includes('closed'))
    return `${side}'s breaker is half-open`;
  for (const { pause } of models) {
    const pausedFor = pause.reason(nowMs);
    if (pausedFor) return `${side} is paused (${PAUSES[pausedFor]})`;
  }
  return undefined;
}

const PAUSES = { rateLimit: 'rate limit', quota: 'quota', auth: 'rejected credentials' } as const;
