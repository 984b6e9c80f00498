/** Builds the program, and every entry point that package.json exports: `./dist/<name>.js` comes from `src/<name>/index.ts`, `.` from `src/index.ts`. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'tsup';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const names = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.slice('./'.length))
  .concat('cli');

export default defineConfig({
  entry: Object.fromEntries(names.map((name) => (name ? [name, `src/${name}/index.ts`] : ['index', 'src/index.ts']))),
  format: ['esm', 'cjs'],
  target: 'node22',
  platform: 'node',
  removeNodeProtocol: false,
  // Shared chunks also in CommonJS: a class must be the same one through every entry point, or `instanceof` lies.
  splitting: true,
  // By Rollup, whose CommonJS is the same code; tsup's own way to split CommonJS rewrites classes and loses their names.
  treeshake: true,
  dts: true,
  sourcemap: true,
  clean: true,
  // Bundled, so that `require` works everywhere, and nobody installs what only the program needs. Their notices are in
  // THIRD-PARTY-NOTICES.md.
  noExternal: ['p-retry', 'is-network-error', 'commander', 'yaml'],
  esbuildOptions(options) {
    // Its build for Node is CommonJS, which a bundle of modules cannot require from.
    options.alias = { yaml: fileURLToPath(new URL('./node_modules/yaml/browser/dist/index.js', import.meta.url)) };
  },
});
