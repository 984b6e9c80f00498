/** All cases in the order of the tables. */

import type { Case } from './case.ts';
import { delayCases } from './delay-cases.ts';
import { healthyCases } from './healthy-cases.ts';
import { nullCases } from './null-cases.ts';
import { pairCases } from './pair-cases.ts';
import { rolloutCases } from './rollout-cases.ts';
import { wholeCases } from './whole-cases.ts';

/** The tables, by the argument of `npm run simulate`. */
export const tables: Readonly<Record<string, readonly Case[]>> = {
  judge: [...healthyCases, ...delayCases, ...rolloutCases, ...pairCases],
  null: nullCases,
  whole: wholeCases,
};
