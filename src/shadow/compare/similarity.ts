/** Similarities of JSON values, texts and tool calls, each 0–1 and bounded in cost. */

import type { ReadToolCall } from '../../domain/shadow.ts';

/** The maximum number of paths compared per JSON value. */
const MAX_PATHS = 500;
/** The maximum depth of a path. */
const MAX_DEPTH = 20;

/** Parses a text that consists of a JSON object or array only; `undefined` for any other text. */
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

/** The share of paths and types in common, 0–1; all items of an array share one path. */
export function shapeSimilarity(one: unknown, other: unknown): number {
  return jaccard(pathsOf(one, 'shape'), pathsOf(other, 'shape'));
}

/** The share of paths with equal values, 0–1. */
function valueSimilarity(one: unknown, other: unknown): number {
  return jaccard(pathsOf(one, 'values'), pathsOf(other, 'values'));
}

/** The Jaccard index: size of the intersection over size of the union, 1 for two empty sets. P. Jaccard, 1901. */
function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size + other.size === 0) return 1;
  let shared = 0;
  for (const path of one) if (other.has(path)) shared += 1;
  return shared / (one.size + other.size - shared);
}

type PathKind = 'shape' | 'values';

function pathsOf(value: unknown, kind: PathKind): Set<string> {
  const paths = new Set<string>();
  walk(value, '', kind, paths, 0);
  return paths;
}

function walk(value: unknown, path: string, kind: PathKind, paths: Set<string>, depth: number): void {
  if (paths.size >= MAX_PATHS || depth > MAX_DEPTH) return;
  if (typeof value !== 'object' || value === null) {
    paths.add(kind === 'shape' ? `${path}:${kindOf(value)}` : `${path}=${JSON.stringify(value)}`);
    return;
  }
  paths.add(`${path}:${kindOf(value)}`);
  const isList = Array.isArray(value);
  for (const [name, item] of Object.entries(value)) {
    if (paths.size >= MAX_PATHS) return;
    walk(item, `${path}/${isList && kind === 'shape' ? '' : name}`, kind, paths, depth + 1);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  return value === null ? 'null' : typeof value;
}

/** The maximum number of words compared per text. */
const MAX_WORDS = 2_000;
/** The maximum number of characters searched for words. */
const MAX_CHARACTERS = 20_000;

/** A word is a run of letters and digits, or one character of a script without spaces. */
const WORD = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[\p{L}\p{N}]+/gu;

/**
 * The share of words in common, counted with multiplicity, in any order: 1 for the same words, 0 for no common word, 1 for two
 * texts without words. Sørensen–Dice on multisets: T. Sørensen, "A method of establishing groups of equal amplitude", 1948.
 */
export function textSimilarity(one: string, other: string): number {
  if (one === other) return 1;
  const counts = new Map<string, number>();
  const oneWords = wordsOf(one);
  const otherWords = wordsOf(other);
  if (oneWords.length + otherWords.length === 0) return 1;
  for (const word of oneWords) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of otherWords) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    shared += 1;
  }
  return (2 * shared) / (oneWords.length + otherWords.length);
}

/** Matches all words in one call, since a match object per word would cost more than the words. */
function wordsOf(text: string): readonly string[] {
  const words = text.slice(0, MAX_CHARACTERS).match(WORD) ?? [];
  return words.slice(0, MAX_WORDS).map((word) => word.toLowerCase());
}

/** How similar the tool calls of two answers are. */
export interface ToolSimilarity {
  /** The share of function names in common, counted with multiplicity, 0–1; `undefined` if neither answer calls a function. */
  readonly toolNames: number | undefined;
  /** The share of equal arguments over the common calls, 0–1; `undefined` without a common call. */
  readonly toolArguments: number | undefined;
}

export function toolSimilarity(real: readonly ReadToolCall[], shadow: readonly ReadToolCall[]): ToolSimilarity {
  if (real.length + shadow.length === 0) return { toolNames: undefined, toolArguments: undefined };
  const unmatched = [...shadow];
  let pairs = 0;
  let alike = 0;
  for (const call of real) {
    const index = unmatched.findIndex(({ name }) => name === call.name);
    const [pair] = index < 0 ? [] : unmatched.splice(index, 1);
    if (!pair) continue;
    pairs += 1;
    alike += argumentSimilarity(call.arguments, pair.arguments);
  }
  const toolNames = pairs / (real.length + shadow.length - pairs);
  return { toolNames, toolArguments: pairs === 0 ? undefined : alike / pairs };
}

/** Arguments that are not JSON are similar only if they are equal. */
function argumentSimilarity(one: string, other: string): number {
  if (one === other) return 1;
  const ours = parseStructure(one);
  const theirs = parseStructure(other);
  return ours && theirs ? valueSimilarity(ours, theirs) : 0;
}
