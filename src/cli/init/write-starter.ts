/** Writes a configuration and an example into a folder, in the style of the project there. */

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProviderName } from '../../index.ts';
import { CONFIG_EXTENSIONS, CONFIG_NAME } from '../load-config.ts';
import { nameOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';
import { configText, exampleText, type FileStyle } from './file-texts.ts';
import { STARTERS } from './starter.ts';

export interface StarterOptions {
  readonly provider: string;
  readonly module?: string;
  readonly typescript?: boolean;
  readonly force?: boolean;
}

/** The names of the written files, and the environment variables that the example needs. */
export interface WrittenStarter {
  readonly config: string;
  readonly example: string;
  readonly variables: readonly string[];
}

/**
 * Writes both files or neither of them.
 *
 * @throws UsageError if an option is invalid, or a file exists and `force` is not set
 */
export async function writeStarter(directory: string, options: StarterOptions): Promise<WrittenStarter> {
  const provider = nameOption('provider', options.provider, Object.keys(STARTERS)) as ProviderName;
  const starter = STARTERS[provider];
  const style = await styleOf(directory, options);
  const config = `${CONFIG_NAME}.${style.extension}`;
  const example = `openai-canary.example.${style.extension}`;
  refuseExisting(directory, [config, example], options);
  const flag = options.force ? 'w' : 'wx';
  await writeFile(join(directory, config), configText(starter, style), { flag });
  await writeFile(join(directory, example), exampleText(starter, config, example, style), { flag });
  return { config, example, variables: starter.variables };
}

/** A configuration of another extension would be read in place of the new one, or the new one in its place. */
function refuseExisting(directory: string, files: readonly string[], { force = false }: StarterOptions): void {
  const exists = (name: string): boolean => existsSync(join(directory, name));
  const configs = CONFIG_EXTENSIONS.map((extension) => CONFIG_NAME + extension);
  const other = configs.find((name) => !files.includes(name) && exists(name));
  if (other !== undefined) throw new UsageError(`${other} exists: remove it first, or go on with it`);
  const existing = files.filter(exists);
  if (existing.length > 0 && !force) {
    throw new UsageError(`${existing.join(' and ')} should not exist yet: --force overwrites existing files`);
  }
}

async function styleOf(directory: string, options: StarterOptions): Promise<FileStyle> {
  const { type, dependencies, devDependencies } = await readManifest(join(directory, 'package.json'));
  const hasTypeScript =
    'typescript' in { ...dependencies, ...devDependencies } || existsSync(join(directory, 'tsconfig.json'));
  const typescript = options.typescript ?? hasTypeScript;
  const asked = options.module === undefined ? undefined : nameOption('module', options.module, ['esm', 'cjs']);
  // Node runs TypeScript only as modules; `.mts` is one in a CommonJS package, too.
  if (typescript) {
    return { module: 'esm', typescript, extension: type === 'module' && asked !== 'cjs' ? 'ts' : 'mts' };
  }
  // A package without a type is CommonJS; a folder without a package is free to choose.
  const isModule = asked === undefined ? type === 'module' || type === undefined : asked === 'esm';
  return { module: isModule ? 'esm' : 'cjs', typescript, extension: isModule ? 'mjs' : 'cjs' };
}

interface Manifest {
  /** `undefined` without a package.json. */
  readonly type?: 'module' | 'commonjs';
  readonly dependencies?: object;
  readonly devDependencies?: object;
}

async function readManifest(file: string): Promise<Manifest> {
  if (!existsSync(file)) return {};
  try {
    return { type: 'commonjs', ...(JSON.parse(await readFile(file, 'utf8')) as Manifest) };
  } catch (error) {
    throw new UsageError('package.json should contain JSON', { cause: error });
  }
}
