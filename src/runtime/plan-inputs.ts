/** Puts together what calls are planned from. */

import type { CallServices } from '../call/call-services.ts';
import type { PlanInputs } from '../call/plan-call.ts';
import type { Affinity } from '../routing/affinity.ts';
import { createBucketer } from '../routing/bucket.ts';
import type { KillSwitch } from '../routing/kill-switch.ts';
import type { Traffic } from '../routing/traffic.ts';
import type { ResolvedOptions } from './resolve-options.ts';

/** What plans depend on, beside options and services. */
interface PlanningInput {
  readonly traffic: Traffic;
  readonly affinity: Affinity;
  readonly killSwitch: KillSwitch;
}

/** `stable` and `ranges` follow `traffic` as the split changes. */
export function planInputs(
  { account, segments, salt }: ResolvedOptions,
  services: CallServices,
  { traffic, affinity, killSwitch }: PlanningInput,
): PlanInputs {
  return {
    ...services,
    home: account,
    segments,
    affinity,
    bucketOf: createBucketer(salt),
    isDisabled: (nowMs) => killSwitch.isOn(nowMs),
    rolloutSplit: traffic.rollouts,
    get stable() {
      return traffic.stable;
    },
    get ranges() {
      return traffic.ranges;
    },
  };
}
