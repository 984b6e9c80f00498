/** Begins the visit of an upstream that has been admitted. */

import { withdraw, type Admitted } from './admission.ts';
import type { CallRun } from './call-state.ts';
import { Visit } from './upstream-attempts.ts';

/**
 * What is held for a visit that cannot begin is given back.
 *
 * @throws what the SDK throws where it can make no client of the upstream, or no request of the call
 */
export function beginVisit(run: CallRun, admitted: Admitted, cancellable: boolean): Visit {
  try {
    return new Visit(run, admitted, cancellable);
  } catch (error) {
    withdraw(admitted);
    throw error;
  }
}
