/** What the shadows of an upstream advise. */

import type { ShadowAdvice } from '../domain/shadow.ts';
import type { WindowSnapshot } from '../domain/snapshot.ts';
import type { ShadowNumbers } from './shadow-window.ts';

/** Fewer mirrored calls advise nothing. */
const MIN_CALLS = 30;
/** How much more often than stable an upstream may fail before it is to be raised, and before it is to be stopped. */
const RAISE_ERROR_MARGIN = 0.01;
const STOP_ERROR_MARGIN = 0.05;
/** Two good models use half of their words in common on free text, and agree by more where the form is given. */
const RAISE_AGREEMENT = 0.5;
const STOP_AGREEMENT = 0.25;
/** Slower than so many times stable is to be looked at first. */
const MAX_LATENCY_RATIO = 1.5;

/** Advice for people: a rollout is decided by its guardrails, on evidence. */
export function advise(shadow: ShadowNumbers, stable: WindowSnapshot): ShadowAdvice {
  const { calls, successRate, agreement, compared } = shadow;
  if (calls < MIN_CALLS || successRate === null) return hold(`${calls} calls of the ${MIN_CALLS} that it takes`);
  const errorRate = 1 - successRate;
  const more = errorRate - (stable.errorRate ?? 0);
  const errors = `${percent(errorRate)} of calls fail, ${percent(stable.errorRate ?? 0)} on stable`;
  if (more > STOP_ERROR_MARGIN) return { recommend: 'stop', reason: errors };
  if (compared < MIN_CALLS || agreement === null)
    return hold(`${compared} comparisons of the ${MIN_CALLS} that it takes`);
  const agrees = `the answers agree by ${percent(agreement)}`;
  if (agreement < STOP_AGREEMENT) return { recommend: 'stop', reason: agrees };
  if (agreement < RAISE_AGREEMENT) return hold(agrees);
  if (more > RAISE_ERROR_MARGIN) return hold(errors);
  const slower = latencyRatio(shadow, stable);
  if (slower > MAX_LATENCY_RATIO) return hold(`its p95 is ${slower.toFixed(1)} times that of stable`);
  return { recommend: 'raise', reason: `${agrees}; ${errors}` };
}

function hold(reason: string): ShadowAdvice {
  return { recommend: 'hold', reason };
}

/** 0 where there is nothing to compare with. */
function latencyRatio({ latencyMs: shadow }: ShadowNumbers, { latencyMs: stable }: WindowSnapshot): number {
  return shadow.p95 === null || !stable.p95 ? 0 : shadow.p95 / stable.p95;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
