/** How alike two JSON values are, by their shape or by what they hold. */

/** Paths that are looked at in each value, and how deep. */
const MAX_PATHS = 500;
const MAX_DEPTH = 20;

/** The object or list that a text holds as JSON, and nothing else; `undefined` for all other texts. */
export function parseStructure(text: string): object | undefined {
  const start = text.trimStart()[0];
  if (start !== '{' && start !== '[') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The share of paths and types that both have, 0–1; items of a list count as one. */
export function shapeSimilarity(one: unknown, other: unknown): number {
  return jaccard(pathsOf(one, 'shape'), pathsOf(other, 'shape'));
}

/** The share of paths with equal values that both have, 0–1. */
export function valueSimilarity(one: unknown, other: unknown): number {
  return jaccard(pathsOf(one, 'values'), pathsOf(other, 'values'));
}

/** What both have over what either has; two empty sets are alike. P. Jaccard, 1901. */
function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size + other.size === 0) return 1;
  let shared = 0;
  for (const path of one) if (other.has(path)) shared += 1;
  return shared / (one.size + other.size - shared);
}

type Look = 'shape' | 'values';

function pathsOf(value: unknown, look: Look): Set<string> {
  const paths = new Set<string>();
  walk(value, '', look, paths, 0);
  return paths;
}

function walk(value: unknown, path: string, look: Look, paths: Set<string>, depth: number): void {
  if (paths.size >= MAX_PATHS || depth > MAX_DEPTH) return;
  if (typeof value !== 'object' || value === null) {
    paths.add(look === 'shape' ? `${path}:${kindOf(value)}` : `${path}=${JSON.stringify(value)}`);
    return;
  }
  paths.add(`${path}:${kindOf(value)}`);
  const isList = Array.isArray(value);
  for (const [name, item] of Object.entries(value)) {
    if (paths.size >= MAX_PATHS) return;
    walk(item, `${path}/${isList && look === 'shape' ? '' : name}`, look, paths, depth + 1);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  return value === null ? 'null' : typeof value;
}
