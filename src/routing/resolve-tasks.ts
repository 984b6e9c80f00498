/** Checks tasks. */

import { checkFunction, checkKeys, checkObject } from '../domain/check.ts';
import { checkNames } from '../domain/check-names.ts';
import type { TaskOptions } from './task-options.ts';
import { ConfigError } from '../domain/errors.ts';

/** Tasks, resolved. */
export interface Tasks {
  readonly classify: TaskOptions['classify'];
  readonly routes: ReadonlyMap<string, readonly string[]>;
}

/** @throws ConfigError */
export function resolveTasks(tasks: TaskOptions | undefined, names: readonly string[]): Tasks | undefined {
  if (tasks === undefined) return undefined;
  checkKeys('canary.tasks', tasks, ['classify', 'routes']);
  checkObject('canary.tasks.routes', tasks.routes, 'an object of lists of upstreams');
  const routes = Object.entries(tasks.routes).map(([task, route]): [string, readonly string[]] => {
    const path = `canary.tasks.routes.${task}`;
    const upstreams = checkNames(path, route, names);
    if (upstreams.length === 0) throw new ConfigError(path, 'should name at least one upstream');
    return [task, upstreams];
  });
  return { classify: checkFunction('canary.tasks.classify', tasks.classify), routes: new Map(routes) };
}
