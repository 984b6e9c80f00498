/** Checks metrics for plausibility: no NaN, no infinity, no negative number, no share above 1. */

import { expect } from 'vitest';
import type { Snapshot } from '../../../../src/index.ts';

export function expectSane(snapshot: Snapshot): void {
  expect(oddities(snapshot, 'snapshot')).toEqual([]);
}

function oddities(value: unknown, path: string): string[] {
  if (typeof value === 'number') return isOdd(value, path) ? [`${path} is ${value}`] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => oddities(member, `${path}.${name}`));
}

function isOdd(value: number, path: string): boolean {
  if (!Number.isFinite(value)) return true;
  // Savings are negative if the canary costs more than stable.
  if (path.endsWith('savingsUsd')) return false;
  return value < 0 || (/(Rate|weight)$/.test(path) && value > 1);
}
