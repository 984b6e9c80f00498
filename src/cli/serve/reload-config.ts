/** Applies a configuration that has changed to a running client: weights, segments and the routes of tasks. */

import { isDeepStrictEqual } from 'node:util';
import type { CanaryClient } from '../../index.ts';
import type { ClientConfig, LoadedConfig } from '../load-config.ts';

type CanarySection = NonNullable<ClientConfig['canary']>;

/** What a reload did. */
export interface Reload {
  /** The sections that are in force now. */
  readonly applied: readonly string[];
  /** Sections that have changed, and need a restart. */
  readonly pending: readonly string[];
}

/** What of a configuration is compared. */
export type ReloadedConfig = Pick<LoadedConfig, 'options' | 'gateway'>;

/**
 * Only what differs from the former configuration is applied: weights that a person has set since then stay as they are, unless the file changes
 * them.
 *
 * @throws ConfigError; sections before the invalid one are in force
 */
export function reloadConfig({ canary }: CanaryClient, before: ReloadedConfig, after: ReloadedConfig): Reload {
  const [former, current]: [CanarySection, CanarySection] = [before.options.canary ?? {}, after.options.canary ?? {}];
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
  const pending = [
    ...changedNames(before.options, after.options, ['canary']),
    ...changedNames(former, current, ['weights', 'segments', 'tasks', 'store', 'clock', 'logger', 'random']),
    ...changedNames(before.gateway, after.gateway, ['metrics', 'clock']).map((name) => `gateway.${name}`),
  ];
  return { applied, pending };
}

/** Each reading creates new functions and stores, so only the JSON of both is compared. */
function changedNames(former: unknown, current: unknown, ignored: readonly string[]): readonly string[] {
  const [earlier, later] = [fieldsOf(former), fieldsOf(current)];
  const names = new Set([...Object.keys(earlier), ...Object.keys(later)]);
  return [...names].filter((name) => !ignored.includes(name) && jsonOf(earlier[name]) !== jsonOf(later[name]));
}

function fieldsOf(section: unknown): Readonly<Record<string, unknown>> {
  return typeof section === 'object' && section !== null ? (section as Readonly<Record<string, unknown>>) : {};
}

/** Objects that have no JSON, such as an agent of HTTP, are taken for unchanged. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
