/** All cases in the order of the table. */

import type { Case } from './case.ts';
import { delayCases } from './delay-cases.ts';
import { healthyCases } from './healthy-cases.ts';
import { pairCases } from './pair-cases.ts';
import { rolloutCases } from './rollout-cases.ts';

export const cases: readonly Case[] = [...healthyCases, ...delayCases, ...pairCases, ...rolloutCases];
