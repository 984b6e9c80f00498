/** What the name of an OpenAI model says about the parameters that it accepts. */

/**
 * When a model reasons. `byDefault`: unless the call sets the effort to `none`. `onRequest`: only when the call sets another effort
 * than `none`, which is the default.
 */
export type Reasoning = 'always' | 'byDefault' | 'onRequest' | 'never';

/**
 * When the model reasons; `undefined` for names that do not show it: other vendors' models, Azure deployments with custom names,
 * and the chat variants of GPT-5.1 and later.
 *
 * Sources: https://platform.openai.com/docs/guides/reasoning and /docs/guides/latest-model ("parameter compatibility": the
 * effort of GPT-5.1 and later can be `none`). GPT-5.1 to 5.4 default to `none`, GPT-5.5 and 5.6 to `medium`, by public
 * measurements of which of them accept a temperature. GPT-5 itself has no `none`, and no source shows it for GPT-6.
 */
export function reasoningOf(model: string | undefined): Reasoning | undefined {
  if (model === undefined) return undefined;
  if (OLDER.test(model)) return 'never';
  if (O_SERIES.test(model)) return 'always';
  const [, major, minor, variant = ''] = GPT.exec(model) ?? [];
  if (major === undefined) return undefined;
  const isChat = variant.startsWith('chat');
  if (Number(major) > 5) return isChat ? undefined : 'always';
  if (minor === undefined) return isChat ? 'never' : 'always';
  if (isChat) return undefined;
  return Number(minor) >= 5 || /^(codex|pro)/.test(variant) ? 'byDefault' : 'onRequest';
}

/** Whether the model belongs to the o series. */
export function isOSeries(model: string | undefined): boolean {
  return model !== undefined && O_SERIES.test(model);
}

/** Whether the model needs `max_completion_tokens`: the o series, and GPT-5 and later, including their chat variants. */
export function wantsCompletionLimit(model: string | undefined): boolean {
  return model !== undefined && (O_SERIES.test(model) || GPT.test(model));
}

// GPT-3.5 is gpt-35 on Azure. Relays may put the vendor before the name; the name of a fine-tuned model starts with that of its base.
const OLDER = /^(?:openai\/|ft:)?(?:gpt-[34]|chatgpt-4)/;
const O_SERIES = /^(?:openai\/|ft:)?o\d+(?![^-:])/;
const GPT = /^(?:openai\/|ft:)?gpt-([5-9]|1\d)(?:\.(\d+))?(?![^-:])-?(.*)/;
