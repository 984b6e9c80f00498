/** Whether a copy of a call would do more than answer. */

import { fields } from '../domain/json.ts';

/**
 * Answers that are stored, background work, and tools that the provider runs itself: web search, code, files, MCP servers. A
 * function tool only describes: nobody executes what a copy wants called. A stored prompt belongs to one account, and may bring
 * tools of its own. What is not known is taken for one that acts.
 */
export function hasSideEffects(body: unknown): boolean {
  const { store, background, tools, web_search_options: webSearch, prompt } = fields(body);
  if (store === true || background === true) return true;
  if (isPresent(webSearch) || (typeof prompt === 'object' && prompt !== null)) return true;
  return Array.isArray(tools) && tools.some((tool) => !DESCRIPTIONS.has(fields(tool)['type']));
}

/** Tools that the application itself would execute. */
const DESCRIPTIONS: ReadonlySet<unknown> = new Set(['function', 'custom']);

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
