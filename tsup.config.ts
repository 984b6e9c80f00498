/** Builds the program, and every entry point that package.json exports: `./dist/<name>.js` comes from `src/<name>/index.ts`, `.` from `src/index.ts`. */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { runInThisContext } from 'node:vm';
import { brotliCompressSync } from 'node:zlib';
import { rollup } from 'rollup';
import { defineConfig, type Options } from 'tsup';
import { buildPage } from './scripts/build-page.ts';

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

const PRICES = '@pydantic/genai-prices';

/**
 * The list of prices is 0.5 MB of literals, which cost a third of the import time of `openai`. It is packed as text, and unpacked when the first price
 * is looked up.
 */
const packPrices: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'pack-prices',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^${PRICES}$`) }, ({ kind, path, resolveDir }) =>
      kind === 'import-statement' ? { path, namespace: 'later', pluginData: resolveDir } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'later' }, ({ pluginData }) => ({
      // esbuild wraps the CommonJS file of the package in a function that runs once.
      contents: ['calcPrice', 'findProvider']
        .map((name) => `export const ${name} = (...values) => require('${PRICES}').${name}(...values);`)
        .join('\n'),
      resolveDir: pluginData as string,
    }));
    let list = '';
    build.onLoad({ filter: /genai-prices[/\\]dist[/\\]index\.cjs$/ }, async ({ path }) => {
      const code = await readFile(path, 'utf8');
      const [start, end] = longestList(code);
      const value: unknown = runInThisContext(code.slice(start, end));
      list = JSON.stringify(value);
      if (!isDeepStrictEqual(JSON.parse(list), value)) throw new Error(`JSON should hold the list of ${PRICES}`);
      return { contents: `${code.slice(0, start)}require('packed:prices').unpack()${code.slice(end)}` };
    });
    build.onResolve({ filter: /^packed:prices$/ }, ({ path }) => ({ path, namespace: 'packed' }));
    build.onLoad({ filter: /./, namespace: 'packed' }, () => ({
      contents: `import { brotliDecompressSync } from 'node:zlib';
        const packed = '${brotliCompressSync(list).toString('base64')}';
        export const unpack = () => JSON.parse(brotliDecompressSync(Buffer.from(packed, 'base64')).toString());`,
    }));
  },
};

/** The bounds of the first `[…]` in minified code that has at least half of it. */
function longestList(code: string): readonly [start: number, end: number] {
  const opened: number[] = [];
  for (const { 0: token, index } of code.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[[\]]/g)) {
    if (token === '[') opened.push(index);
    const start = token === ']' ? opened.pop() : undefined;
    if (start !== undefined && index - start > code.length / 2) return [start, index + 1];
  }
  throw new Error(`${PRICES} should have its list of prices in one literal`);
}

/**
 * esbuild makes a shared file for each set of entry points that uses something, some with a single function. Each costs the import a resolution and a
 * read, so the small ones that the client needs anyway become one.
 */
const joinSmallFiles: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'join-small-files',
  setup(build) {
    build.onEnd(async (result) => {
      const codes = new Map(result.outputFiles?.map(({ path, text }) => [path, text]));
      const index = [...codes.keys()].find((path) => basename(path).startsWith('index.')) ?? '';
      const bundle = await rollup({
        input: [...codes.keys()].filter((path) => !basename(path).startsWith('chunk-')),
        treeshake: false,
        external: (source) => !source.startsWith('./') && !codes.has(source),
        plugins: [
          {
            name: 'read-output',
            resolveId: (source) => (codes.has(source) ? source : join(dirname(index), source)),
            load: (path) => codes.get(path),
          },
        ],
      });
      const { output } = await bundle.generate({
        hoistTransitiveImports: false,
        minifyInternalExports: false,
        chunkFileNames: `chunk-[hash]${extname(index)}`,
        entryFileNames: ({ facadeModuleId }) => basename(facadeModuleId ?? ''),
        manualChunks: (path, { getModuleInfo }) => {
          const isNeeded = getModuleInfo(index)?.importedIds.includes(path);
          return isNeeded && (codes.get(path)?.length ?? 0) < SMALL_BYTES ? 'small' : undefined;
        },
      });
      result.outputFiles = output.flatMap((file) => {
        if (file.type !== 'chunk') return [];
        const contents = new TextEncoder().encode(file.code);
        return { path: join(dirname(index), file.fileName), contents, hash: file.fileName, text: file.code };
      });
    });
  },
};

const SMALL_BYTES = 15_000;

/** The live page is built here, once, and not when it is first asked for. */
const includePage: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'include-page',
  setup(build) {
    build.onLoad({ filter: /dashboard[/\\]built-page\.ts$/ }, async () => ({
      contents: `export const page = ${JSON.stringify(await buildPage())};`,
    }));
  },
};

/** V8 compiles a file of ASCII in two thirds of the time. An escape means the same in strings and patterns; the rest are comments. */
const writeAscii: NonNullable<Options['plugins']>[number] = {
  name: 'write-ascii',
  renderChunk: (code) => ({
    code: code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  }),
};

/** Jest and other loaders of CommonJS know no `import()`: what is loaded later is required later. */
const requireLater: NonNullable<Options['plugins']>[number] = {
  name: 'require-later',
  renderChunk(code) {
    if (this.format !== 'cjs') return undefined;
    return { code: code.replaceAll(/\bimport\(('[^']+')\)/g, 'Promise.resolve().then(() => require($1))') };
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
  // Bundled: `require` works everywhere, bundlers can bundle the result again, the import is faster, and applications do not install what only the program
  // needs. Their notices are in THIRD-PARTY-NOTICES.md.
  noExternal: ['opossum', 'p-retry', 'is-network-error', 'commander', 'yaml', PRICES, 'eventemitter3', 'lru-cache'],
  plugins: [requireLater, writeAscii],
  esbuildPlugins: [importEvents, packPrices, includePage, joinSmallFiles],
  esbuildOptions(options) {
    // Its build for Node is CommonJS, which a bundle of modules cannot require from.
    options.alias = { yaml: fileURLToPath(new URL('./node_modules/yaml/browser/dist/index.js', import.meta.url)) };
  },
});
