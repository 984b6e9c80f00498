/** Reads a configuration: what `new CanaryClient()` takes, in TypeScript, JavaScript, JSON or YAML. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseYaml } from 'yaml';
import type { CanaryClient } from '../index.ts';
import { UsageError } from './usage-error.ts';

/** What a client is made from. */
export type ClientConfig = NonNullable<ConstructorParameters<typeof CanaryClient>[0]>;

/** A configuration and the file that it came from. */
export interface LoadedConfig {
  readonly path: string;
  readonly options: ClientConfig;
}

const NAME = 'openai-canary.config';
const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.yaml', '.yml'];

/**
 * @param file the file; without one the first of `openai-canary.config.{ts,mts,js,mjs,cjs,json,yaml,yml}` in the current folder
 * @throws UsageError where there is none, or what it holds is no object
 */
export async function loadConfig(file: string | undefined): Promise<LoadedConfig> {
  const path = resolve(file ?? findConfig());
  if (!existsSync(path)) throw new UsageError(`There is no file ${file ?? path}`);
  const options = await read(path);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new UsageError(`${path} should hold an object: the options of new CanaryClient()`);
  }
  // What the object holds, the client checks when it is built.
  return { path, options };
}

function findConfig(): string {
  const found = EXTENSIONS.map((extension) => NAME + extension).find((name) => existsSync(name));
  if (found) return found;
  throw new UsageError(`No configuration: name one by --config, or write ${NAME}.{ts,js,json,yaml} here`);
}

async function read(path: string): Promise<unknown> {
  switch (extname(path)) {
    case '.json':
      return parsed(path, JSON.parse);
    case '.yaml':
    case '.yml':
      return parsed(path, parseYaml);
    default:
      return imported(path);
  }
}

async function parsed(path: string, parse: (text: string) => unknown): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Node runs TypeScript without a build from 22.18 on. */
async function imported(path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as {
      readonly default?: unknown;
      readonly config?: unknown;
    };
    const { default: exported = module.config } = module;
    if (exported === undefined) throw new UsageError(`${path} should have a default export`);
    return exported;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      const hint =
        'Node runs TypeScript from 22.18 on: update it, or write the configuration in JavaScript, JSON or YAML';
      throw new UsageError(`${path} cannot be read by Node ${process.versions.node}. ${hint}`, { cause: error });
    }
    throw error;
  }
}
