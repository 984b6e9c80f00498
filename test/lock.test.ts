/**
 * Checks that `npm ci` accepts the lock file on another machine. npm silently drops optional packages that a registry does not
 * have, and `npm ci` then rejects the lock file. An address in it would tie every clone to one registry.
 */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
type Packages = Readonly<Record<string, LockEntry>>;

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as Required<LockEntry>;
const { packages } = read('package-lock.json') as { packages: Packages };
const installed = Object.entries(packages).filter(([path]) => path !== '');

test('every dependency has an entry, including the optional ones of other platforms', () => {
  expect(missingEdges(packages)).toEqual([]);
});

test('finds a dependency without an entry, and accepts one in a parent folder', () => {
  const made: Packages = {
    '': { devDependencies: { a: '1.0.0' } },
    'node_modules/a': { dependencies: { b: '1', c: '1' }, optionalDependencies: { 'a-win32': '1' } },
    'node_modules/b': { peerDependencies: { d: '1', e: '1' }, peerDependenciesMeta: { e: { optional: true } } },
    'node_modules/a/node_modules/c': { dependencies: { b: '1' } },
  };
  expect(missingEdges(made)).toEqual(['node_modules/a → a-win32', 'node_modules/b → d']);
});

test('no entry names a registry', () => {
  expect(installed.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
});

test('every entry has a checksum', () => {
  expect(installed.filter(([, entry]) => entry.integrity === undefined)).toEqual([]);
});

test('the lock was made from this package.json', () => {
  const { dependencies, devDependencies, peerDependencies } = manifest;
  expect(packages['']).toMatchObject({ dependencies, devDependencies, peerDependencies });
});

test.each(Object.entries(manifest.devDependencies))('the tool %s is pinned to one version, %s', (name, range) => {
  expect(range.replace(/^npm:.+@/, '')).toBe(packages[`node_modules/${name}`]?.version);
});

/** `package → dependency` for every dependency without an entry, by the rules by which Node finds a package. */
function missingEdges(lock: Packages): string[] {
  return Object.entries(lock).flatMap(([path, entry]) =>
    dependenciesOf(entry)
      .filter((name) => !searchPath(path).some((folder) => lock[`${folder}node_modules/${name}`]))
      .map((name) => `${path} → ${name}`),
  );
}

function dependenciesOf(entry: LockEntry): string[] {
  const peers = Object.keys(entry.peerDependencies ?? {});
  return [
    ...Object.keys({ ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies }),
    ...peers.filter((name) => !entry.peerDependenciesMeta?.[name]?.optional),
  ];
}

/**
 * The folders in which Node looks for `node_modules` of a package at `path`, nearest first: `node_modules/a/`, then
 * the root.
 */
function searchPath(path: string): string[] {
  const parts = path.split(/(?:^|\/)node_modules\//).slice(1);
  return [...parts.keys(), parts.length]
    .map((depth) => parts.slice(0, depth).map((name) => `node_modules/${name}/`))
    .map((folders) => folders.join(''))
    .toReversed();
}
