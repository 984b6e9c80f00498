/** Loads a package that the application has installed. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The exports of a package. */
export type ProjectModule = Readonly<Record<string, unknown>>;

/** @returns `undefined` if the package is not installed in the current folder, or above it */
export async function loadFromProject(name: string): Promise<ProjectModule | undefined> {
  let path: string;
  try {
    path = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch {
    return undefined;
  }
  const loaded = (await import(pathToFileURL(path).href)) as ProjectModule;
  return { ...(loaded['default'] as ProjectModule | undefined), ...loaded };
}
