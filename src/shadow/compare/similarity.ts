/** How alike two JSON values are, by their shape or by what they hold. */

import type { ReadToolCall } from '../../domain/shadow.ts';

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
function valueSimilarity(one: unknown, other: unknown): number {
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

/* PART: How alike two texts are, at a cost that does not grow beyond their first words. */

/** Words of each text that are looked at, and the characters that they are looked for in. */
const MAX_WORDS = 2_000;
const MAX_CHARACTERS = 20_000;

/** A character of a script without spaces is a word; else letters and digits in a row. */
const WORD = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[\p{L}\p{N}]+/gu;

/**
 * The share of words in common, each as often as it occurs, in any order: 1 for the same words, 0 for none; two texts without
 * words are alike. Sørensen–Dice on multisets: T. Sørensen, "A method of establishing groups of equal amplitude", 1948.
 */
export function textSimilarity(one: string, other: string): number {
  if (one === other) return 1;
  const counts = new Map<string, number>();
  const ours = wordsOf(one);
  const theirs = wordsOf(other);
  if (ours.length + theirs.length === 0) return 1;
  for (const word of ours) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of theirs) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    shared += 1;
  }
  return (2 * shared) / (ours.length + theirs.length);
}

/** All at once: an object for each match would cost more than the words. */
function wordsOf(text: string): readonly string[] {
  const words = text.slice(0, MAX_CHARACTERS).match(WORD) ?? [];
  return words.slice(0, MAX_WORDS).map((word) => word.toLowerCase());
}

/* PART: How alike the function calls of two answers are. */

/** What two answers want called. */
export interface ToolSimilarity {
  /** The share of names in common, each as often as it is called, 0–1; `undefined` where neither calls anything. */
  readonly toolNames: number | undefined;
  /** The share of equal arguments over the calls that both make, 0–1; `undefined` where they make none in common. */
  readonly toolArguments: number | undefined;
}

export function toolSimilarity(real: readonly ReadToolCall[], shadow: readonly ReadToolCall[]): ToolSimilarity {
  if (real.length + shadow.length === 0) return { toolNames: undefined, toolArguments: undefined };
  const left = [...shadow];
  let pairs = 0;
  let alike = 0;
  for (const call of real) {
    const index = left.findIndex(({ name }) => name === call.name);
    const [pair] = index < 0 ? [] : left.splice(index, 1);
    if (!pair) continue;
    pairs += 1;
    alike += argumentSimilarity(call.arguments, pair.arguments);
  }
  const toolNames = pairs / (real.length + shadow.length - pairs);
  return { toolNames, toolArguments: pairs === 0 ? undefined : alike / pairs };
}

/** Arguments that are no JSON are alike where they are equal. */
function argumentSimilarity(one: string, other: string): number {
  if (one === other) return 1;
  const ours = parseStructure(one);
  const theirs = parseStructure(other);
  return ours && theirs ? valueSimilarity(ours, theirs) : 0;
}
