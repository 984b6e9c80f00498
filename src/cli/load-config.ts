/** Reads a configuration, the options of `new CanaryClient()`, from a TypeScript, JavaScript, JSON or YAML file. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { CanaryClient } from '../index.ts';
import { UsageError } from './usage-error.ts';

/** The options of `new CanaryClient()`. */
export type ClientConfig = NonNullable<ConstructorParameters<typeof CanaryClient>[0]>;

/** A configuration and its file. */
export interface LoadedConfig {
  /** The path, as the user wrote it. */
  readonly name: string;
  readonly options: ClientConfig;
  /** The section `gateway`, for the command `serve`. */
  readonly gateway?: unknown;
}

/** The name of a configuration, without its extension. */
export const CONFIG_NAME = 'openai-canary.config';
/** In the order in which a configuration is looked for. */
export const CONFIG_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.yaml', '.yml'];

/**
 * @param file by default the first of `openai-canary.config.{ts,mts,js,mjs,cjs,json,yaml,yml}` in the current folder
 * @param version another value reads a module again, which Node would otherwise give from memory
 * @throws UsageError if the file does not exist or does not contain an object
 */
export async function loadConfig(file: string | undefined, version = 0): Promise<LoadedConfig> {
  const name = file ?? findConfig();
  const path = resolve(name);
  if (!existsSync(path)) throw new UsageError(`File not found: ${name}`);
  const found = await read(path, name, version);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new UsageError(`${name} should contain an object: the options of new CanaryClient()`);
  }
  const { gateway, ...options } = found as ClientConfig & { readonly gateway?: unknown };
  // The client validates the options when it is created.
  return { name, options, gateway };
}

function findConfig(): string {
  const found = CONFIG_EXTENSIONS.map((extension) => CONFIG_NAME + extension).find((name) => existsSync(name));
  if (found) return found;
  throw new UsageError(
    `No configuration found: pass one with --config or create ${CONFIG_NAME}.{ts,js,json,yaml} here (openai-canary init writes one)`,
  );
}

async function read(path: string, name: string, version: number): Promise<unknown> {
  switch (extname(path)) {
    case '.json':
      return parsed(path, name, JSON.parse);
    case '.yaml':
    case '.yml':
      // Its warnings show lines of the file.
      return parsed(path, name, (text) => parseYaml(text, { logLevel: 'error' }) as unknown);
    default:
      return imported(path, name, version);
  }
}

async function parsed(path: string, name: string, parse: (text: string) => unknown): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${name}: ${messageOf(error)}`, { cause: error });
  });
  try {
    return parse(text);
  } catch (error) {
    // Without the cause: its message shows a part of the file, which may hold a key or a token.
    throw new UsageError(`${name}: ${syntaxErrorOf(error)}`);
  }
}

/** What is wrong, and where, without any text of the file. */
function syntaxErrorOf(error: unknown): string {
  if (error instanceof YAMLParseError) {
    const [start] = error.linePos ?? [];
    const where = start ? ` at line ${start.line}, column ${start.col}` : '';
    // What follows a colon, and what is wrong with a tag or an escape, is text of the file.
    const reason = QUOTING.has(error.code) ? 'invalid tag or escape' : error.message.split(/: | at line /, 1)[0];
    return `invalid YAML${where}: ${reason}`;
  }
  const [, line, column] = / \(line (\d+) column (\d+)\)$/.exec(messageOf(error)) ?? [];
  if (line !== undefined) return `invalid JSON at line ${line}, column ${column}`;
  return error instanceof SyntaxError ? 'invalid JSON' : 'invalid YAML: an alias without its anchor';
}

const QUOTING: ReadonlySet<string> = new Set([
  'BAD_DQ_ESCAPE',
  'BAD_COLLECTION_TYPE',
  'BAD_DIRECTIVE',
  'TAG_RESOLVE_FAILED',
]);

/** Node runs TypeScript without a build since 22.18. */
async function imported(path: string, name: string, version: number): Promise<unknown> {
  const module = await importOf(path, name, version);
  const { default: exported = module.config } = module;
  if (exported === undefined) throw new UsageError(`${name} should have a default export`);
  return exported;
}

interface ConfigModule {
  readonly default?: unknown;
  readonly config?: unknown;
}

async function importOf(path: string, name: string, version: number): Promise<ConfigModule> {
  try {
    return (await import(pathToFileURL(path).href + (version === 0 ? '' : `?version=${version}`))) as ConfigModule;
  } catch (error) {
    const isUnsupported = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    const message = isUnsupported
      ? `Node ${process.versions.node} cannot run TypeScript: update it to 22.18 or newer, or use JavaScript, JSON or YAML`
      : messageOf(error);
    throw new UsageError(`${name}: ${message}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
