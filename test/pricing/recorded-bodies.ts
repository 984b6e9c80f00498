/** Response bodies recorded from real providers. They are not part of the repository. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surface } from '../../src/domain/call.ts';

const DATA = process.env['CANARY_DATA'] ?? join(import.meta.dirname, '../../../shared/data');
const BASELINE = join(DATA, 'bodies/openai-sdk-baseline.json');
const REPORTED_COSTS = join(DATA, 'prices/provider_reported_costs.json');

/** Whether the recorded data exists. Tests that need it are skipped otherwise, and say so. */
export const recorded = existsSync(BASELINE) && existsSync(REPORTED_COSTS);

/** Appended to the names of tests that are skipped without the recorded data. */
export const skipNote = recorded ? '' : ' (skipped: no recorded data, see CANARY_DATA)';

/** How the bare SDK reads a body. */
export interface BaselineResult {
  readonly file: string;
  readonly kind: Surface | 'models';
  readonly stream: boolean;
  readonly status: number;
  readonly usage?: Readonly<Record<string, unknown>> | null;
}

/** The SDK's result for each body. */
export function readBaseline(): readonly BaselineResult[] {
  return (readJson(BASELINE) as { results: BaselineResult[] }).results;
}

/** A usage with the cost that the provider reported. */
export interface ReportedCost {
  readonly host: string;
  readonly model: string;
  /** The provider that served the call, if the host only routed it. */
  readonly provider: string | null;
  /** Seconds since the Unix epoch. */
  readonly created: number;
  readonly ep: string | null;
  readonly usage: Readonly<Record<string, unknown>>;
}

/** All recorded usages with a cost. */
export function readReportedCosts(): readonly ReportedCost[] {
  return readJson(REPORTED_COSTS) as ReportedCost[];
}

/** The text of a body. */
export function readText(file: string): string {
  return readFileSync(join(DATA, 'bodies', file), 'utf8');
}

/** The whole body, or the chunks of a stream; anything that is not JSON is left out. */
export function parseBodies(file: string, text: string): readonly unknown[] {
  if (!/\.(sse|chunks\.txt)$/.test(file)) return parsed(text);
  return text.split(/\r?\n/).flatMap((line) => parsed(line.replace(/^data: ?/, '')));
}

function parsed(text: string): readonly unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
