/** Packs the built package and installs the archive into two temporary applications, without the network. */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/** A temporary application with the packed package installed. */
export interface Consumer {
  /** The installed version of `openai`. */
  readonly sdkVersion: string;
  readonly directory: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** With the newest and with the oldest supported version of `openai`. */
    readonly consumers: readonly Consumer[];
  }
}

const root = join(import.meta.dirname, '../..');

/** Provides `consumers`. The returned function removes them. */
export function setup(project: TestProject): () => void {
  if (!existsSync(join(root, 'dist'))) throw new Error('dist/ should exist: run `npm run build` first');
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'openai-canary-package-')));
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', base], { cwd: root });
  const archive = join(base, `openai-canary-${manifestOf(root).version}.tgz`);
  project.provide(
    'consumers',
    ['openai', 'openai-oldest'].map((sdk) => install(join(base, sdk), archive, sdk)),
  );
  return () => rmSync(base, { recursive: true });
}

/** Creates an application with `archive`, its dependencies, `sdk` under the name `openai`, and the types of Node. */
function install(directory: string, archive: string, sdk: string): Consumer {
  const modules = join(directory, 'node_modules');
  const installed = join(modules, 'openai-canary');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', archive, '-C', installed, '--strip-components=1']);
  cpSync(join(import.meta.dirname, 'consumer'), directory, { recursive: true });
  for (const name of Object.keys(manifestOf(installed).dependencies)) copyPackage(name, name, modules);
  copyPackage(sdk, 'openai', modules);
  copyPackage('@types/node', '@types/node', modules);
  // A CommonJS application: its ES modules have the extension `.mjs`.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }');
  return { sdkVersion: manifestOf(join(modules, 'openai')).version, directory };
}

/** Copies a package and its dependencies, which must all be hoisted to the top of this project's `node_modules`. */
function copyPackage(name: string, as: string, modules: string): void {
  const source = join(root, 'node_modules', name);
  const target = join(modules, as);
  if (existsSync(target)) return;
  // Two thirds of the SDK are sources that only source maps need.
  const unused = new Set([join(root, 'node_modules/openai/src'), join(root, 'node_modules/openai-oldest/src')]);
  cpSync(source, target, { recursive: true, filter: (path) => !unused.has(path) && !path.endsWith('.map') });
  for (const dependency of Object.keys(manifestOf(source).dependencies)) copyPackage(dependency, dependency, modules);
}

function manifestOf(directory: string): { version: string; dependencies: Record<string, string> } {
  const { version, dependencies = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return { version, dependencies };
}
