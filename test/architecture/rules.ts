/** The rules of the architecture. Each takes the facts of all files and returns one line per violation. */

import { posix } from 'node:path';
import { isEntryPoint, isPure, mayImportFile, mayImportPackage, packageOf, partOf } from './levels.ts';
import type { SourceFacts } from './source-facts.ts';

/** Looks at all files of `src/`. */
export type Rule = (files: readonly SourceFacts[]) => string[];

/** The entry points of the SDK that are documented for applications and exist in every supported version. */
const PUBLIC_OF_OPENAI =
  /^openai(\/(azure|core\/(api-promise|error|pagination|streaming|uploads)|helpers\/.+|resources(\/.+)?))?$/;

/** Longer files need a reason. No cap that a split can satisfy: a splinter needs one as well. */
export const MAX_LINES = 250;

/** A file with fewer lines of code and one importer in its own folder is a splinter of that file. */
export const MIN_CODE_LINES = 30;

/** The most files directly in `src/`. */
export const MAX_ROOT_FILES = 12;

/** Every file has a place in the table of levels and imports only what the table allows; types count. */
export const levels: Rule = (files) =>
  files.flatMap(({ path, imports }) => {
    const from = partOf(path);
    if (!from) return [`${path} has no place in the table of levels`];
    return imports
      .filter(({ specifier, target }) =>
        target === undefined ? !mayImportPackage(from, specifier) : !mayImportFile(from, target),
      )
      .map(({ specifier, target }) => `${path} (level ${from.level}) may not import ${target ?? specifier}`);
  });

/** No file imports itself by way of others. */
export const acyclic: Rule = (files) => {
  const targets = new Map(files.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' → ')];
    if (done.has(path)) return [];
    const cycles = (targets.get(path) ?? []).flatMap((target) => visit(target, [...trail, path]));
    done.add(path);
    return cycles;
  };
  return files.flatMap(({ path }) => visit(path, []));
};

/** Below the entry points nothing is passed on: each name has one place to import it from. */
export const noBarrels: Rule = (files) => [
  ...files
    .filter(({ path, barrel }) => !isEntryPoint(path) && (barrel || /(^|\/)index\.ts$/.test(path)))
    .map(({ path }) => `${path} is a barrel`),
  ...files.filter(({ exportsStar }) => exportsStar).map(({ path }) => `${path} has an export *`),
];

/** Only documented entry points of the SDK, and its class by name: its default export is a factory in some builds. */
export const sdkImports: Rule = (files) =>
  files.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => packageOf(specifier) === 'openai')
      .flatMap(({ specifier, defaultValue }) => [
        ...(PUBLIC_OF_OPENAI.test(specifier) ? [] : [`${path} imports ${specifier}, which is not public`]),
        ...(defaultValue ? [`${path} imports the default export of ${specifier}`] : []),
      ]),
  );

/** Pure files have no clock, no randomness, no timers and no promises; time and randomness are arguments. */
export const purity: Rule = (files) =>
  files
    .filter(({ path }) => isPure(path))
    .flatMap(({ path, impurities, imports }) => [
      ...impurities.map((name) => `${path} uses ${name}`),
      ...imports.filter(({ target }) => target === 'time/clock.ts').map(() => `${path} takes a clock`),
    ]);

/** What changes lives in an object that somebody owns. */
export const noModuleVariables: Rule = (files) =>
  files.flatMap(({ path, moduleVariables }) =>
    moduleVariables.map((name) => `${path} has the module variable ${name}`),
  );

/** A file is one idea. `excused` files, with their reasons, may be longer, and must be, so that no excuse outlives its cause. */
export const fileLength =
  (excused: Readonly<Record<string, string>>): Rule =>
  (files) => [
    ...files
      .filter(({ path, lines }) => lines > MAX_LINES && !(path in excused))
      .map(({ path, lines }) => `${path} has ${lines} lines, more than ${MAX_LINES}`),
    ...Object.keys(excused)
      .filter((path) => !files.some((file) => file.path === path && file.lines > MAX_LINES))
      .map((path) => `${path} needs no excuse`),
  ];

/** No splinters: `excused` small files, with their reasons, may have a single importer in their own folder, and must have it. */
export const splinters =
  (excused: Readonly<Record<string, string>>): Rule =>
  (files) => {
    const small = files.filter((file) => isSplinter(file, files)).map(({ path }) => path);
    return [
      ...small.filter((path) => !(path in excused)).map((path) => `${path} is a splinter of its only importer`),
      ...Object.keys(excused)
        .filter((path) => !small.includes(path))
        .map((path) => `${path} needs no excuse`),
    ];
  };

function isSplinter({ path, codeLines }: SourceFacts, files: readonly SourceFacts[]): boolean {
  if (codeLines >= MIN_CODE_LINES) return false;
  const importers = files.filter(({ imports }) => imports.some(({ target }) => target === path));
  return importers.length === 1 && posix.dirname(importers[0]!.path) === posix.dirname(path);
}

/** Features live in folders: the root holds the entry, the class and its options. */
export const rootFiles: Rule = (files) => {
  const root = files.filter(({ path }) => !path.includes('/'));
  return root.length > MAX_ROOT_FILES ? [`${root.length} files stand directly in src/`] : [];
};

/** The files that import `name`, types included. */
export const importersOf = (files: readonly SourceFacts[], name: string): string[] =>
  files.filter(({ imports }) => imports.some(({ specifier }) => packageOf(specifier) === name)).map(({ path }) => path);
