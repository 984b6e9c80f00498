/** Bodies that real providers sent, kept outside of the project. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surface } from '../../src/domain/call.ts';

const DATA = process.env['CANARY_DATA'] ?? join(import.meta.dirname, '../../../shared/data');
const BASELINE = join(DATA, 'bodies/openai-sdk-baseline.json');
const REPORTED_COSTS = join(DATA, 'prices/provider_reported_costs.json');

/** Whether the recorded data is there; tests that need it skip aloud. */
export const recorded = existsSync(BASELINE) && existsSync(REPORTED_COSTS);

/** What the tests of recorded data say in their names while they skip. */
export const skipNote = recorded ? '' : ' (skipped: no recorded data, see CANARY_DATA)';

/** What the bare SDK made of a body. */
export interface BaselineResult {
  readonly file: string;
  readonly kind: Surface | 'models';
  readonly stream: boolean;
  readonly status: number;
  readonly usage?: Readonly<Record<string, unknown>> | null;
}

/** The SDK's results, for each body. */
export function readBaseline(): readonly BaselineResult[] {
  return (readJson(BASELINE) as { results: BaselineResult[] }).results;
}

/** A usage with the cost that the provider itself stated. */
export interface ReportedCost {
  readonly host: string;
  readonly model: string;
  /** Who served it, where the host only passed it on. */
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

/** The whole body, or the chunks of a stream; what is not JSON is left out. */
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
