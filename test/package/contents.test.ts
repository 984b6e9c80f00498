/** The contents of the packed package. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';

const [consumer] = inject('consumers');
const packed = join(consumer!.directory, 'node_modules/openai-canary');
const read = (path: string): string => readFileSync(join(packed, path), 'utf8');

/** The packages whose code was bundled, by the record of the build. */
const bundled = new Set(
  ['esm', 'cjs']
    .map((format) => readFileSync(join(import.meta.dirname, `../../dist/metafile-${format}.json`), 'utf8'))
    .flatMap((text) => Object.keys((JSON.parse(text) as { inputs: object }).inputs))
    .flatMap((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []),
);

/** What a browser runs is bundled into the page before the build. */
const notices = [...bundled, 'uplot'];

/** Bytes of the packed build, types and bundled libraries included. */
const MAX_BYTES = 4_500_000;

test('the build is within its size budget, and has no source maps and no record of the build', () => {
  const files = readdirSync(join(packed, 'dist'));
  expect(files.filter((file) => /\.map$|metafile/.test(file))).toEqual([]);
  const bytes = files.reduce((sum, file) => sum + statSync(join(packed, 'dist', file)).size, 0);
  expect(bytes).toBeLessThan(MAX_BYTES);
});

test('the program is packed once: it runs as a module', () => {
  expect(readdirSync(join(packed, 'dist')).filter((file) => file.startsWith('cli.'))).toEqual(['cli.js']);
});

test('the package has the build and the documentation, and nothing else', () => {
  const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.md'];
  expect(readdirSync(packed).toSorted()).toEqual([...pages, 'dist', 'docs', 'package.json'].toSorted());
});

test('the libraries of the client and of the program are bundled, and no other package', () => {
  const libraries = ['@pydantic/genai-prices', 'eventemitter3', 'is-network-error', 'lru-cache', 'opossum', 'p-retry'];
  expect([...bundled].toSorted()).toEqual([...libraries, 'commander', 'yaml'].toSorted());
});

test('the modules of the client are ASCII, which V8 compiles faster', () => {
  const files = readdirSync(join(packed, 'dist')).filter((file) => /^(index|chunk-.*)\.c?js$/.test(file));
  expect(files.length).toBeGreaterThan(2);
  expect(files.filter((file) => /[^\0-\x7f]/.test(read(`dist/${file}`)))).toEqual([]);
});

/** Finds the licence under any file name: `license`, `LICENSE`, `LICENCE.md`. */
function licenceOf(directory: string): string {
  const file = readdirSync(directory).find((name) => /^licen[cs]e(\.|$)/i.test(name));
  return readFileSync(join(directory, file ?? 'license'), 'utf8');
}

test.each(notices)('the notices have the version and the licence of %s, which is bundled', (name) => {
  const installed = join(import.meta.dirname, '../../node_modules', name);
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string };
  const section = read('THIRD-PARTY-NOTICES.md')
    .split(/^## (?=.*\n\nVersion )/m)
    .find((text) => text.startsWith(`${name}\n`));
  expect(section ?? '').toContain(`Version ${version},`);
  expect(section ?? '').toContain(licenceOf(installed));
});

test('the declarations import only packages that an application has installed', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const imported = readdirSync(join(packed, 'dist'))
    .filter((file) => /\.d\.c?ts$/.test(file))
    .flatMap((file) =>
      [...read(`dist/${file}`).matchAll(/(?:from|import)\s*\(?['"]([^.'"][^'"]*)['"]/g)]
        .map(([, specifier]) => specifier!)
        // An application that imports this entry point passes a tracer or a meter, so it has the package of their types.
        .filter((specifier) => !(specifier === '@opentelemetry/api' && file.startsWith('otel.d.'))),
    )
    .filter((specifier) => !specifier.startsWith('node:') && !/^openai(\/|$)/.test(specifier));
  expect(imported.filter((specifier) => !(specifier in dependencies))).toEqual([]);
});
