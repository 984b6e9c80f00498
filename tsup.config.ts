/** Builds the program, and every entry point that package.json exports: `./dist/<name>.js` comes from `src/<name>/index.ts`, `.` from `src/index.ts`. */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Options } from 'tsup';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const names = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.slice('./'.length))
  .concat('cli');

const ENTRIES = Object.fromEntries(
  names.map((name) => (name ? [name, `src/${name}/index.ts`] : ['index', 'src/index.ts'])),
);

/** Files of their own, so that a bundle of an application that imports only these names leaves the client out. */
const CHUNKS = { 'cost-of': 'src/cost-of.ts', errors: 'src/domain/errors.ts', route: 'src/call/route.ts' };

/**
 * opossum is CommonJS and requires `events`. A bundle of modules cannot require a builtin, so its files get the class through an import.
 */
const importEvents: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'import-events',
  setup(build) {
    build.onResolve({ filter: /^events$/ }, () => ({ path: 'events', namespace: 'import-events' }));
    build.onLoad({ filter: /./, namespace: 'import-events' }, () => ({
      contents: "export { EventEmitter } from 'node:events';",
    }));
    build.onLoad({ filter: /opossum[/\\]lib[/\\]\w+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/require\('events'\)(?!\.)/, "require('events').EventEmitter"),
    }));
  },
};

export default defineConfig({
  entry: { ...ENTRIES, ...CHUNKS },
  format: ['esm', 'cjs'],
  target: 'node22',
  platform: 'node',
  removeNodeProtocol: false,
  // Shared chunks also in CommonJS: a class must be the same one through every entry point, or `instanceof` lies.
  splitting: true,
  // By Rollup, whose CommonJS is the same code; tsup's own way to split CommonJS rewrites classes and loses their names.
  treeshake: true,
  dts: { entry: ENTRIES },
  // Source maps with their sources were two thirds of the package. The code is not minified, so that stack traces can be read without them.
  sourcemap: false,
  // Not packed. test/package reads it: it names the packages that were bundled.
  metafile: true,
  clean: true,
  // Bundled: `require` works everywhere, bundlers can bundle the result again, and applications do not install what only the program needs. Their notices are in
  // THIRD-PARTY-NOTICES.md.
  noExternal: ['opossum', 'p-retry', 'is-network-error', 'commander', 'yaml'],
  esbuildPlugins: [importEvents],
  esbuildOptions(options) {
    // Its build for Node is CommonJS, which a bundle of modules cannot require from.
    options.alias = { yaml: fileURLToPath(new URL('./node_modules/yaml/browser/dist/index.js', import.meta.url)) };
  },
});
