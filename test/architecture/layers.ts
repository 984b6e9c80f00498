/** The table of layers: which part of `src/` may import which. */

/** A part of `src/`: a folder, a file that stands apart from its folder, or the files directly in `src/`. */
export interface Part {
  readonly name: string;
  readonly layer: number;
  /** Whole layers that it may import. */
  readonly layers: readonly number[];
  /** Parts and files that it may import besides. */
  readonly besides: readonly string[];
  /** Packages that it may import; builtin modules of Node are allowed from layer 2 on. */
  readonly packages: readonly string[];
}

/** The files directly in `src/`. */
const TOP = 'src';
const PUBLIC_SURFACE = 'index.ts';
const INTEGRATIONS = ['redis', 'prometheus', 'otel', 'dashboard', 'gateway'];

const PARTS: ReadonlyMap<string, Part> = new Map(
  [
    part('domain', 0, []),
    part('stats', 1, [0]),
    part('routing', 1, [0]),
    part('providers', 1, [0], { packages: ['@cfworker/json-schema'] }),
    part('pricing', 1, [0], { packages: ['@pydantic/genai-prices', 'lru-cache'] }),
    part('metrics', 1, [0]),
    part('rollout', 1, [0], { besides: ['stats'] }),
    part('upstream', 2, [0, 1], { packages: ['openai', 'opossum', 'p-retry', 'rate-limiter-flexible'] }),
    part('store', 2, [0, 1], { packages: ['openai', 'opossum', 'p-retry'] }),
    part('dispatch', 3, [0, 1, 2], { packages: ['lru-cache'] }),
    part('probe', 3, [0, 1, 2]),
    part('alerting', 3, [0, 1, 2]),
    part('rollout/controller.ts', 3, [0, 1, 2]),
    part(TOP, 4, [0, 1, 2, 3], { packages: ['openai', 'eventemitter3'] }),
    part('testing', 5, [0], { besides: [PUBLIC_SURFACE] }),
    part('analysis', 5, [0, 1]),
    ...INTEGRATIONS.map((name) => part(name, 5, [0], { besides: [PUBLIC_SURFACE] })),
    part('cli', 5, [0], {
      // Its version is that of the package.
      besides: [PUBLIC_SURFACE, 'testing', 'analysis', ...INTEGRATIONS, '../package.json'],
      packages: ['commander', 'openai', 'yaml'],
    }),
  ].map((entry) => [entry.name, entry]),
);

function part(
  name: string,
  layer: number,
  layers: readonly number[],
  { besides = [], packages = [] }: Partial<Pick<Part, 'besides' | 'packages'>> = {},
): Part {
  return { name, layer, layers, besides, packages };
}

/** The part that a file belongs to, by its path relative to `src/`; `undefined` when the table does not know it. */
export function partOf(path: string): Part | undefined {
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : TOP;
  return PARTS.get(path) ?? PARTS.get(folder);
}

/** Whether a file of part `from` may import the file `target`. */
export function mayImportFile(from: Part, target: string): boolean {
  if (from.besides.includes(target)) return true;
  const to = partOf(target);
  return to !== undefined && (to === from || from.layers.includes(to.layer) || from.besides.includes(to.name));
}

/** Whether a file of part `from` may import the package or builtin module `specifier`. */
export function mayImportPackage(from: Part, specifier: string): boolean {
  return specifier.startsWith('node:') ? from.layer >= 2 : from.packages.includes(packageOf(specifier));
}

/** `openai/core/error` → `openai`, `@a/b/c` → `@a/b`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Layer 5: what other people import, and so the only places for a file that passes on exports. */
export function isEntryPoint(path: string): boolean {
  return path === PUBLIC_SURFACE || (partOf(path)?.layer === 5 && /^[^/]+\/index\.ts$/.test(path));
}
