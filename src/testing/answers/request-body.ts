/** Reads from a request body what a simulated provider needs. */

/** A parsed JSON body; empty if the request has no body. */
export type RequestBody = Readonly<Record<string, unknown>>;

/** `value` itself if it is an object, otherwise an empty object. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? // An object that is not an array has string keys and unknown values.
      (value as Record<string, unknown>)
    : {};
}

/** The model that the body names. */
export function modelOf(body: RequestBody): string | undefined {
  return typeof body['model'] === 'string' ? body['model'] : undefined;
}

/** Whether the caller asked for the usage of a stream. */
export function asksForUsage(body: RequestBody): boolean {
  return asRecord(body['stream_options'])['include_usage'] === true;
}

/** The caller's limit on output tokens, under any of its names. */
export function maxOutputTokens(body: RequestBody): number {
  const limit = body['max_completion_tokens'] ?? body['max_tokens'] ?? body['max_output_tokens'];
  return typeof limit === 'number' ? limit : Infinity;
}

/** The stop sequences of the request. */
export function stopSequences(body: RequestBody): readonly string[] {
  const stops: readonly unknown[] = [body['stop']].flat();
  return stops.filter((stop): stop is string => typeof stop === 'string' && stop !== '');
}

/** The number of requested choices (`n`). */
export function choiceCount(body: RequestBody): number {
  return typeof body['n'] === 'number' ? body['n'] : 1;
}

/** Characters of the prompt: all text in messages, input, prompt and instructions, without inline images and files. */
export function promptCharacters(body: RequestBody): number {
  return ['messages', 'input', 'prompt', 'instructions'].reduce((sum, name) => sum + characters(body[name]), 0);
}

function characters(value: unknown): number {
  if (typeof value === 'string') return value.startsWith('data:') ? 0 : value.length;
  if (typeof value === 'number') return CHARACTERS_PER_TOKEN;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + characters(part), 0);
}

/** OpenAI's rule of thumb for English text. A number in a prompt is a token id and counts as one token. */
export const CHARACTERS_PER_TOKEN = 4;
