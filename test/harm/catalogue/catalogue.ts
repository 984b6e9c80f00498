/** All behaviours. */

import type { Behaviour } from '../support/behaviour.ts';
import { callers } from './callers.ts';
import { endings } from './endings.ts';
import { recordedBodies } from './recorded.ts';
import { simulatedProviders } from './simulated.ts';
import { statuses } from './statuses.ts';
import { waits } from './waits.ts';

export const CATALOGUE: readonly Behaviour[] = [
  ...statuses,
  ...endings,
  ...waits,
  ...callers,
  ...simulatedProviders,
  ...recordedBodies,
];
