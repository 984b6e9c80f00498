/** Numbers, times and names as people read them. */

import { threeDigits } from '../../domain/format.ts';

/** `1.5 %`; `–` if unknown. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${figure(share * 100)} %`;
}

/** Three digits, or all of a large number: `0.0123`, `4.2`, `12,345`. */
export function figure(value: number): string {
  return Math.abs(value) >= 100 ? count(value) : threeDigits(value);
}

/** A whole number: `12,345`; `–` if unknown. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : Math.round(value).toLocaleString('en-US');
}

/** `$0.0042`, `−$1.50`; `–` if unknown. */
export function usd(amount: number | null | undefined): string {
  if (amount === null || amount === undefined) return '–';
  const size = Math.abs(amount);
  const digits = size >= 100 || size === 0 ? 0 : size >= 0.1 ? 2 : Math.min(8, 1 - Math.floor(Math.log10(size)));
  const text = size.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${amount < 0 ? '−' : ''}$${text}`;
}

/** A time that runs, in its two largest units: `3 min 20 s`. */
export function runningTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(' ');
}

/** The time of day, with the date if it is another day. */
export function clockTime(atMs: number, nowMs: number): string {
  const date = new Date(atMs);
  const time = date.toLocaleTimeString('en-GB');
  if (date.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

/** `1 call`, `2 calls`. */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** A metric of a guardrail in words. */
export function metricName(metric: string): string {
  return Object.hasOwn(METRICS, metric) ? METRICS[metric]! : metric;
}

const METRICS: Readonly<Record<string, string>> = {
  errorRate: 'Error rate',
  latencyP50: 'Median latency',
  latencyP95: 'p95 latency',
  latencyP99: 'p99 latency',
  latency: 'Mean latency',
  firstChunkP95: 'p95 first chunk',
  costPerCall: 'Cost per call',
  quality: 'Quality',
};
