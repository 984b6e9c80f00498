/** The arrival times and sizes of the calls, where no recorded traffic is given. */

import { seededRandom } from '../../testing/index.ts';
import type { Arrival } from '../simulate/trace.ts';

/** An arrival of a trace; the demo has users of its own. */
export type DemoArrival = Omit<Arrival, 'user'>;

/** Eight seconds of random arrivals, 200 calls per second on average, with the sizes of ordinary conversations. */
export function madeUpArrivals(): readonly DemoArrival[] {
  const random = seededRandom(7);
  const arrivals: DemoArrival[] = [];
  for (let afterMs = 0; afterMs < 8_000; afterMs -= Math.log(1 - random()) * (1_000 / 200)) {
    arrivals.push({ afterMs, inputTokens: 200 + random() * 1_800, outputTokens: 20 + random() * 380 });
  }
  return arrivals;
}
