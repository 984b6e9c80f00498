/** What the name of an OpenAI model says about the parameters it takes. */

/**
 * When a model reasons: `always`; `byDefault`, unless the effort is `none`; `onRequest`, where the effort is `none` unless
 * the call says otherwise; `never`.
 */
export type Reasoning = 'always' | 'byDefault' | 'onRequest' | 'never';

/**
 * When the model reasons; `undefined` for names that say nothing: other vendors' models, Azure deployments with names of
 * their own, and the chat variants of GPT-5.1 and later.
 *
 * Sources: https://platform.openai.com/docs/guides/reasoning and /docs/guides/latest-model ("parameter compatibility": the
 * effort of GPT-5.1 and later may be `none`). GPT-5.1 to 5.4 default to `none`, GPT-5.5 and 5.6 to `medium`: public
 * measurements of which of them take a temperature. GPT-5 itself has no `none`, and GPT-6 is not said to take one.
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

/** Whether the model is one of the o series, whichever it is. */
export function isOSeries(model: string | undefined): boolean {
  return model !== undefined && O_SERIES.test(model);
}

/** Whether the model wants `max_completion_tokens`: the o series, and GPT-5 and later, whose chat variants know it as well. */
export function wantsCompletionLimit(model: string | undefined): boolean {
  return model !== undefined && (O_SERIES.test(model) || GPT.test(model));
}

// GPT-3.5 is gpt-35 on Azure. Relays may write the vendor before the name, and a fine-tuned model begins with what it was made of.
const OLDER = /^(?:openai\/|ft:)?(?:gpt-[34]|chatgpt-4)/;
const O_SERIES = /^(?:openai\/|ft:)?o\d+(?![^-:])/;
const GPT = /^(?:openai\/|ft:)?gpt-([5-9]|1\d)(?:\.(\d+))?(?![^-:])-?(.*)/;
