/**
 * The cost that a Prometheus exporter adds to a call in memory, and of a scrape. Equal clients are measured in turns; one has an exporter
 * and is not scraped meanwhile. The difference between two clients without one shows how exact the figures are. Target: at most 1 µs per
 * call. Measured in µs of CPU time, which other processes disturb less than wall-clock time.
 *
 *   node bench/exporter.ts
 */

import { Registry } from '@prometheus-io/client';
import type { CanaryEventName, CanaryEvents } from '../src/index.ts';
import { prometheusExporter } from '../src/prometheus/index.ts';
import { measure, median, medianDifference, medianRatio } from './measure.ts';
import { cpuUs, splitClient } from './split-client.ts';

const registry = new Registry();
const without = splitClient();
const twin = splitClient();
const exported = splitClient();
prometheusExporter(exported.ai, { registry });
const contenders = { without: without.call, twin: twin.call, exported: exported.call };
const measured = await measure(contenders, {
  rounds: 400,
  times: 200,
  warmUp: 20_000,
  nowUs: cpuUs,
});
console.log('a whole call                µs per call     µs more     ratio');
for (const [name, values] of Object.entries(measured)) {
  const { without: base } = measured;
  const cells = [median(values), medianDifference(values, base), medianRatio(values, base)];
  console.log(name.padEnd(24) + cells.map((value) => value.toFixed(3).padStart(12)).join(''));
}
console.log(`\nits listeners alone, ns per call: ${((await listenersUs()) * 1_000).toFixed(0)}`);

const startedUs = cpuUs();
const scrapes = 200;
for (let scrape = 0; scrape < scrapes; scrape += 1) await registry.metrics();
console.log(
  `one scrape of ${(await registry.metrics()).length} bytes: ${((cpuUs() - startedUs) / scrapes).toFixed(0)} µs`,
);
process.exit();

/** The listeners of `call` and `attempt` on the records of a real call, in µs. */
async function listenersUs(): Promise<number> {
  const { ai, call } = splitClient();
  const records: { call?: CanaryEvents['call']; attempt?: CanaryEvents['attempt'] } = {};
  ai.canary.once('call', (record) => (records.call = record));
  ai.canary.once('attempt', (record) => (records.attempt = record));
  await call();
  const listeners = new Map<string, (record: unknown) => void>();
  const { canary } = ai;
  const source = {
    on: (name: CanaryEventName, listener: (payload: never) => void) =>
      void listeners.set(name, listener as (record: unknown) => void),
    off: () => undefined,
    snapshot: () => canary.snapshot(),
    rollouts: {},
    alerts: canary.alerts,
  };
  prometheusExporter({ canary: source }, { registry: new Registry() });
  const { listen } = await measure(
    {
      listen: async () => {
        const [onAttempt, onCall] = [listeners.get('attempt')!, listeners.get('call')!];
        for (let repeat = 0; repeat < 100; repeat += 1) {
          onAttempt(records.attempt);
          onCall(records.call);
        }
      },
    },
    { rounds: 50, times: 200, nowUs: cpuUs },
  );
  return median(listen) / 100;
}
