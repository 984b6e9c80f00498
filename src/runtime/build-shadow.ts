/** Builds what mirrors calls, where calls are mirrored. */

import type { DispatchParts } from '../call/call-services.ts';
import { ShadowRunner } from '../shadow/shadow-runner.ts';
import type { Observed } from './record-results.ts';
import { createShadowObserver } from './observe-shadow.ts';
import type { ResolvedOptions } from './resolve-options.ts';

export function buildShadow(
  { shadow, salt, windowMs }: ResolvedOptions,
  parts: Omit<DispatchParts, 'shadow'>,
  observed: Observed,
): ShadowRunner | undefined {
  if (!shadow) return undefined;
  const { idleMs } = parts.policy;
  return new ShadowRunner(shadow, { ...parts, salt, windowMs, idleMs, observer: createShadowObserver(observed) });
}
