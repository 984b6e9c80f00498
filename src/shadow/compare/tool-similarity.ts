/** How alike the function calls of two answers are. */

import type { ReadToolCall } from '../../domain/shadow.ts';
import { parseStructure, valueSimilarity } from './similarity.ts';

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
