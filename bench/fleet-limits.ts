/**
 * How closely the processes of a fleet keep to a shared `rpm`: eight of them share one store, each with other traffic, on simulated time. Target:
 * no sixty seconds with more than 1 % above the limit.
 *
 *   node bench/fleet-limits.ts
 */

import { memoryStore } from '../src/index.ts';
import { UpstreamLimits } from '../src/resilience/limits/upstream-limits.ts';
import { shareLimits } from '../src/runtime/shared-limits.ts';
import { ManualClock, seededRandom } from '../src/testing/index.ts';

const [calls = 1_000_000, rpm = 100_000, processes = 8] = process.argv.slice(2).map(Number);
/** The store takes this long for an answer. */
const STORE_MS = 2;
const STEP_MS = 10;
const MINUTE_STEPS = 60_000 / STEP_MS;

const clock = new ManualClock(0);
const random = seededRandom(1);
const shared = memoryStore({ now: () => clock.now() });
let requests = 0;
const store = {
  ...shared,
  takeParts: async (asked: Parameters<NonNullable<typeof shared.takeParts>>[0]) => {
    requests += 1;
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, STORE_MS));
    return shared.takeParts!(asked);
  },
};
const policy = { rpm, tpm: undefined, concurrency: undefined, isShared: true, queue: undefined };
const fleet = Array.from({ length: processes }, () => {
  const limits = new UpstreamLimits(policy, clock, { sharedAs: 'openai' });
  const sharing = shareLimits(new Map([['openai', { limits }]]), { store, clock, random, warn: () => undefined });
  return { limits, sharing };
});
await clock.advance(1_000);

/** Admitted calls by step. Twice the limit is asked for; process n has a share of n of the traffic, in bursts. */
const admitted: number[] = [];
const perStep = (2 * rpm * STEP_MS) / 60_000;
const shares = fleet.map((_, index) => (2 * (index + 1)) / (processes * (processes + 1)));
for (let made = 0; made < calls;) {
  let served = 0;
  for (const [index, { limits }] of fleet.entries()) {
    for (let left = perStep * (shares[index] ?? 0) * 2 * random(); random() < left; left -= 1) {
      made += 1;
      const slot = limits.admit({ tokens: 1, model: undefined });
      if (slot) served += 1;
      slot?.settle(1);
    }
  }
  admitted.push(served);
  await clock.advance(STEP_MS);
}
let [within, most, total] = [0, 0, 0];
for (const [step, served] of admitted.entries()) {
  total += served;
  within += served - (admitted[step - MINUTE_STEPS] ?? 0);
  most = Math.max(most, within);
}
const minutes = (admitted.length * STEP_MS) / 60_000;
console.log(`${calls} calls of ${processes} processes in ${minutes.toFixed(1)} minutes, rpm ${rpm}`);
console.log(`most in any minute: ${most} (${(100 * (most / rpm - 1)).toFixed(2)} % above the limit)`);
console.log(
  `served: ${total}, ${((100 * total) / (rpm * Math.ceil(minutes))).toFixed(1)} % of what whole minutes allow`,
);
console.log(`requests of the store: ${(requests / (minutes * 60 * processes)).toFixed(1)} a second and process`);
for (const { sharing } of fleet) void sharing?.close();
