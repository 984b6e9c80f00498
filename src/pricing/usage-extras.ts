/** What changes the price of a call beside its tokens: the provider's own tools, the service tier, surcharges. */

import { isRecord } from '../domain/json.ts';
import type { ServiceTier, Surcharge, Usage } from '../domain/usage.ts';

/** A usage in the provider's own format. */
type RawUsage = Readonly<Record<string, unknown>>;

/** Uses of paid tools, by how they are billed; absent if there are none. */
export type PaidTools = Pick<Usage, 'webSearches' | 'fileSearches' | 'otherPaidTools'>;

/**
 * The paid tools in a response body or in the last event of a stream: the items of a Responses output, and the counts that Anthropic,
 * OpenRouter and xAI put into the usage. Calls of functions and of MCP servers are free.
 */
export function paidToolsOf(body: unknown, usage: RawUsage): PaidTools | undefined {
  const response = isRecord(body) && isRecord(body['response']) ? body['response'] : body;
  const { output, tools, choices } = isRecord(response) ? response : ({} as Record<string, undefined>);
  let webSearches = countOf(usage['server_tool_use'], 'web_search_requests');
  let fileSearches = 0;
  let others =
    countOf(usage['server_tool_use'], 'code_execution_requests') +
    countOf(usage, 'num_sources_used') +
    countOf(usage, 'num_server_side_tools_used') +
    executedTools(choices);
  if (Array.isArray(output)) {
    for (const item of output) {
      const type = isRecord(item) ? item['type'] : undefined;
      if (type === 'web_search_call') webSearches += Number(isBilledSearch(item as Record<string, unknown>));
      else if (type === 'file_search_call') fileSearches += 1;
      else if (typeof type === 'string' && OTHER_PAID_CALLS.has(type)) others += 1;
    }
  }
  if (webSearches > 0 && usesPreviewSearch(tools)) [webSearches, others] = [0, others + webSearches];
  if (webSearches === 0 && fileSearches === 0 && others === 0) return undefined;
  return {
    ...(webSearches > 0 && { webSearches }),
    ...(fileSearches > 0 && { fileSearches }),
    ...(others > 0 && { otherPaidTools: others }),
  };
}

/** Billed per container, image or session (https://platform.openai.com/docs/pricing#built-in-tools). */
const OTHER_PAID_CALLS: ReadonlySet<string> = new Set([
  'code_interpreter_call',
  'image_generation_call',
  'shell_call',
  'local_shell_call',
]);

/** Opening a page that was found is free. */
function isBilledSearch({ action, status }: Record<string, unknown>): boolean {
  const type = isRecord(action) ? action['type'] : undefined;
  return status !== 'failed' && (type === undefined || type === 'search');
}

/** The preview of the web search has another price, which depends on the model. Responses repeat the tools of the request. */
function usesPreviewSearch(tools: unknown): boolean {
  return (
    Array.isArray(tools) &&
    tools.some(
      (tool) => isRecord(tool) && typeof tool['type'] === 'string' && tool['type'].startsWith('web_search_preview'),
    )
  );
}

/** Groq's compound systems list the tools that they used. */
function executedTools(choices: unknown): number {
  if (!Array.isArray(choices)) return 0;
  const message: unknown = isRecord(choices[0]) ? choices[0]['message'] : undefined;
  const executed = isRecord(message) ? message['executed_tools'] : undefined;
  return Array.isArray(executed) ? executed.length : 0;
}

function countOf(value: unknown, member: string): number {
  const count = isRecord(value) ? value[member] : undefined;
  return typeof count === 'number' && count > 0 && Number.isFinite(count) ? count : 0;
}

/**
 * The tier is next to the usage (OpenAI), in the response of a Responses event, or in the usage (Anthropic); `undefined` for the standard
 * tier, and if there is none.
 */
export function serviceTierOf(body: unknown, usage: RawUsage): ServiceTier | undefined {
  const named = memberOf(body, 'service_tier') ?? memberOf(memberOf(body, 'response'), 'service_tier');
  return tierNamed(named ?? usage['service_tier']);
}

const STANDARD_TIERS: ReadonlySet<unknown> = new Set(['default', 'auto', 'standard', 'standard_only', 'on_demand', '']);

/**
 * The tier of this name; `undefined` for the standard tier, which has several names at OpenAI, Anthropic and Groq. Unknown names are
 * dropped: the upstream may write anything here.
 */
export function tierNamed(name: unknown): ServiceTier | undefined {
  if (typeof name !== 'string' || STANDARD_TIERS.has(name)) return undefined;
  // OpenAI's newer models name their priority tier `fast` (https://openai.com/api-fast-mode/).
  if (name === 'fast') return 'priority';
  return name === 'flex' || name === 'priority' || name === 'ultrafast' || name === 'batch' ? name : 'other';
}

/** Anthropic's fast mode, and its processing in one region (https://docs.claude.com/en/docs/about-claude/pricing). */
export function surchargesOf(usage: RawUsage): readonly Surcharge[] | undefined {
  const isFast = usage['speed'] === 'fast';
  const isRegional = usage['inference_geo'] === 'us';
  if (!isFast && !isRegional) return undefined;
  return [...(isFast ? ['fast mode' as const] : []), ...(isRegional ? ['regional processing' as const] : [])];
}

function memberOf(value: unknown, member: string): unknown {
  return isRecord(value) ? value[member] : undefined;
}
