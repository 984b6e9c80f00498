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

/** What `traffic` decides follows its changes. */
export function planInputs(
  { account, salt }: ResolvedOptions,
  services: CallServices,
  { traffic, affinity, killSwitch }: PlanningInput,
): PlanInputs {
  return {
    ...services,
    home: account,
    get segments() {
      return traffic.rules.segments;
    },
    get taskRoutes() {
      return traffic.rules.taskRoutes;
    },
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
