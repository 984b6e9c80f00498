/** A canary that breaks, by fault, onset, weight and feature: one third of the sample. `npm run simulate -- whole` makes every row. */

import { checkRows } from './support/check-rows.ts';

checkRows(0, 3);
