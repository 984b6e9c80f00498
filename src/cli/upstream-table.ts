/** Formats the numbers of all upstreams as a table. */

import type { CanaryClient, Snapshot } from '../index.ts';
import { duration, percent } from '../domain/format.ts';
import { table, usd } from './format.ts';

const HEAD = ['upstream', 'weight', 'calls', 'errors', 'p50', 'p95', 'cost', 'saved', 'breaker'];

/** The numbers of the window, and the cost since the client was created. */
export function upstreamTable(ai: CanaryClient): string[] {
  const { upstreams }: Snapshot = ai.canary.snapshot();
  const spent = ai.canary.costs().upstreams;
  const rows = Object.entries(upstreams).map(([name, window]) => [
    name,
    percent(window.weight),
    String(window.calls),
    percent(window.errorRate),
    duration(window.latencyMs.p50),
    duration(window.latencyMs.p95),
    usd(spent[name]?.costUsd),
    usd(spent[name]?.savingsUsd),
    window.breaker.state,
  ]);
  return table(HEAD, rows, ['upstream', 'breaker']);
}
