/**
 * A rollout demo: the canary advances to 25 % of the users on evidence, starts to fail, and is rolled back on evidence. No call
 * is lost.
 *
 *   node examples/demo/main.ts [--trace FILE] [--speed 200] [--rows 2000] [--live]
 * Without options it needs no key and no network: both providers are simulated on the loopback interface. `--trace` replays
 * recorded traffic (columns TIMESTAMP, ContextTokens, GeneratedTokens). `--live` calls the real providers instead, for at most
 * 0.10 USD.
 */

import { parseArgs } from 'node:util';
import { runLive } from './live.ts';
import { madeUpArrivals, readTrace } from './arrivals.ts';
import { runRollout } from './rollout.ts';

const { values } = parseArgs({
  options: {
    trace: { type: 'string' },
    speed: { type: 'string', default: '200' },
    rows: { type: 'string', default: '2000' },
    live: { type: 'boolean', default: false },
  },
});

const rows = positive('rows', values.rows);
const speed = positive('speed', values.speed);
const passed = values.live
  ? await runLive()
  : await runRollout(values.trace === undefined ? madeUpArrivals() : await readTrace(values.trace, { rows, speed }));
process.exitCode = passed ? 0 : 1;

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  console.error(`--${name} should be a positive number, got ${text}`);
  process.exit(2);
}
