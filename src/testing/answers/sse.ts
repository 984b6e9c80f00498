/** Server-sent events as OpenAI writes them (WHATWG HTML, section 9.2). */

/** The end of a chat or completions stream. */
export const SSE_DONE = 'data: [DONE]\n\n';

/** An event without a name, as in chat and completions streams. */
export function sseData(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** An event with a name, as in Responses streams. */
export function sseEvent(name: string, value: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}

/** Splits a recorded stream into its events, each with its separator. Joined, they give the same text. */
export function splitEvents(text: string): string[] {
  return text.split(/(?<=\n\r?\n)(?!\r?\n)/).filter((event) => event !== '');
}
