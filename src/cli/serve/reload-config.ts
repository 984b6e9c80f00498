/** Applies a configuration that has changed to a running client: weights, segments and the routes of tasks. */

import { isDeepStrictEqual } from 'node:util';
import type { CanaryClient } from '../../index.ts';
import type { ClientConfig } from '../load-config.ts';

type CanarySection = NonNullable<ClientConfig['canary']>;

/** What a reload did. */
export interface Reload {
  /** The sections that are in force now. */
  readonly applied: readonly string[];
  /** Sections that have changed, and need a restart. */
  readonly pending: readonly string[];
}

/**
 * Only what differs from the former configuration is applied: weights that a person has set since then stay as they are, unless the file changes
 * them.
 *
 * @throws ConfigError; sections before the invalid one are in force
 */
export function reloadConfig({ canary }: CanaryClient, before: ClientConfig, after: ClientConfig): Reload {
  const [former, current]: [CanarySection, CanarySection] = [before.canary ?? {}, after.canary ?? {}];
  const changed = (name: keyof CanarySection): boolean => !isDeepStrictEqual(former[name], current[name]);
  const applied: string[] = [];
  if (changed('weights')) {
    canary.setWeights(current.weights ?? { [canary.stable]: 1 });
    applied.push('weights');
  }
  if (changed('segments')) {
    canary.setSegments(current.segments ?? []);
    applied.push('segments');
  }
  if (!isDeepStrictEqual(former.tasks?.routes, current.tasks?.routes)) {
    canary.setTasks({ routes: current.tasks?.routes ?? {} });
    applied.push('tasks');
  }
  return { applied, pending: pendingOf(former, current) };
}

/** Each reading creates new functions and stores, so only the JSON of both is compared. */
function pendingOf(former: CanarySection, current: CanarySection): readonly string[] {
  const names = new Set([...Object.keys(former), ...Object.keys(current)]) as Set<keyof CanarySection>;
  for (const name of ['weights', 'segments', 'tasks', 'store', 'clock', 'logger', 'random'] as const)
    names.delete(name);
  return [...names].filter((name) => JSON.stringify(former[name]) !== JSON.stringify(current[name]));
}
