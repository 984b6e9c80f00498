/** The table of levels: which part of `src/` may import which. `src/README.md` shows it to people. */

/** A part of `src/`: a folder, or one of the few files directly in `src/`. */
export interface Part {
  readonly name: string;
  readonly level: number;
  /** Parts that it may import; every other part is out of reach. */
  readonly parts: readonly string[];
  /** Packages that it may import. */
  readonly packages: readonly string[];
  /** May import the modules that are built into Node. */
  readonly builtins: boolean;
}

/** Level by level, from the bottom: the parts of a level may import those of the levels below, never one another. */
const LEVELS: readonly (readonly string[])[] = [
  ['domain', 'time'],
  ['resilience', 'providers', 'pricing', 'metrics', 'events', 'store', 'stats', 'http'],
  ['upstream', 'routing', 'budgets', 'ledger'],
  ['call', 'alerts'],
  ['cache', 'shadow', 'rollout', 'batch', 'probe'],
  ['options.ts'],
  ['runtime'],
  ['client.ts', 'cost-of.ts'],
  ['index.ts'],
];

/** Entry points stand above all levels, and import only what is named here. */
const INTEGRATIONS = ['redis', 'prometheus', 'otel', 'dashboard', 'gateway'];
const ENTRY_POINTS: Readonly<Record<string, readonly string[]>> = {
  testing: ['index.ts', 'domain', 'time'],
  analysis: ['stats', 'domain'],
  ...Object.fromEntries(INTEGRATIONS.map((name) => [name, ['index.ts', 'domain', 'time']])),
  gateway: ['index.ts', 'domain', 'time', 'http'],
  // The page computes plans by itself, and is built when the source runs without a build.
  dashboard: ['index.ts', 'domain', 'time', 'http', 'stats', '../scripts/build-page.ts'],
  // Its version is that of the package.
  cli: ['index.ts', 'testing', 'analysis', ...INTEGRATIONS, 'domain', 'http', '../package.json'],
};

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  domain: ['openai'],
  time: ['openai'],
  resilience: ['openai', 'opossum', 'p-retry'],
  providers: ['@cfworker/json-schema'],
  pricing: ['@pydantic/genai-prices', 'lru-cache'],
  events: ['eventemitter3'],
  upstream: ['openai'],
  call: ['openai'],
  cache: ['lru-cache'],
  batch: ['openai'],
  runtime: ['openai'],
  'client.ts': ['openai'],
  gateway: ['openai'],
  dashboard: ['uplot'],
  cli: ['commander', 'openai', 'yaml'],
  otel: ['@opentelemetry/api'],
};

/** Parts that use nothing of the machine they run on. */
const WITHOUT_BUILTINS = new Set(['time', 'providers', 'pricing', 'metrics', 'stats', 'routing', 'ledger', 'budgets']);

/** Parts without a clock, randomness, timers or promises: time and randomness are arguments. */
const PURE = ['domain', 'stats', 'providers', 'metrics', 'pricing', 'routing', 'ledger'];
/** Files of these parts that are not pure, and pure files of other parts. */
const NOT_PURE = [
  'pricing/load-tokenizer.ts',
  'providers/validate-schema.ts',
  'routing/tasks.ts',
  'routing/kill-switch.ts',
];
const PURE_FILES = [
  'arm-numbers',
  'evidence',
  'judge',
  'metric-shares',
  'options',
  'reasons',
  'report',
  'resolve-rollouts',
  'resolve-steps',
  'share-check',
  'threshold-judge',
  'transition',
  'waits',
].map((name) => `rollout/${name}.ts`);

/** Whether a file may use neither clock nor randomness, timers or promises. */
export function isPure(path: string): boolean {
  return PURE_FILES.includes(path) || (PURE.includes(partOf(path)?.name ?? '') && !NOT_PURE.includes(path));
}

const PARTS: ReadonlyMap<string, Part> = new Map(
  [
    ...LEVELS.flatMap((names, index) => names.map((name) => part(name, index + 1, LEVELS.slice(0, index).flat()))),
    ...Object.entries(ENTRY_POINTS).map(([name, parts]) => part(name, LEVELS.length + 1, parts)),
  ].map((entry) => [entry.name, entry]),
);

function part(name: string, level: number, parts: readonly string[]): Part {
  return { name, level, parts, packages: PACKAGES[name] ?? [], builtins: !WITHOUT_BUILTINS.has(name) };
}

/** The part that a file belongs to, by its path relative to `src/`; `undefined` when the table does not know it. */
export function partOf(path: string): Part | undefined {
  return PARTS.get(path.split('/')[0] ?? '');
}

/** Whether a file of part `from` may import the file `target`. */
export function mayImportFile(from: Part, target: string): boolean {
  if (from.parts.includes(target)) return true;
  const to = partOf(target);
  return to !== undefined && (to === from || from.parts.includes(to.name));
}

/** Whether a file of part `from` may import the package or builtin module `specifier`. */
export function mayImportPackage(from: Part, specifier: string): boolean {
  return specifier.startsWith('node:') ? from.builtins : from.packages.includes(packageOf(specifier));
}

/** `openai/core/error` → `openai`, `@a/b/c` → `@a/b`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** What users import, and so the only files that may pass on exports of others. */
export function isEntryPoint(path: string): boolean {
  const [folder = '', file] = path.split('/');
  return path === 'index.ts' || (folder in ENTRY_POINTS && file === 'index.ts' && path.split('/').length === 2);
}
