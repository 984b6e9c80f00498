/** Builds every entry point that package.json exports: `./dist/<name>.js` comes from `src/<name>/index.ts`, `.` from `src/index.ts`. */

import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const names = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.slice('./'.length));

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
  // ESM only and small: bundled, so that `require` works everywhere. Their notices are in THIRD-PARTY-NOTICES.md.
  noExternal: ['p-retry', 'is-network-error'],
});
