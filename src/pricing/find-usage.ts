/** Where a response keeps its usage. */

import { isRecord } from '../domain/json.ts';

/** A usage as the provider wrote it. */
export type RawUsage = Readonly<Record<string, unknown>>;

/**
 * The usage object of a whole body or of a stream's chunk, `undefined` where there is none. OpenAI and most others have
 * `usage` (`null` in all chunks but the last), Groq's streams `x_groq.usage`, Kimi's `choices[i].usage`, and the events
 * of a Responses stream `response.usage`.
 */
export function findUsage(body: unknown): RawUsage | undefined {
  if (!isRecord(body)) return undefined;
  return (
    filled(body['usage']) ??
    filled(memberOf(body['x_groq'], 'usage')) ??
    filled(memberOf(body['response'], 'usage')) ??
    usageInChoices(body['choices'])
  );
}

/** The value of a member; `undefined` for anything that is not an object. */
export function memberOf(value: unknown, member: string): unknown {
  return isRecord(value) ? value[member] : undefined;
}

function usageInChoices(choices: unknown): RawUsage | undefined {
  if (!Array.isArray(choices)) return undefined;
  for (const choice of choices) {
    const usage = filled(memberOf(choice, 'usage'));
    if (usage !== undefined) return usage;
  }
  return undefined;
}

/** An object that counts something: an empty one may stand beside the real usage. */
function filled(value: unknown): RawUsage | undefined {
  return isRecord(value) && COUNTS.some((count) => typeof value[count] === 'number') ? value : undefined;
}

const COUNTS = ['prompt_tokens', 'input_tokens', 'completion_tokens', 'output_tokens', 'total_tokens'] as const;
