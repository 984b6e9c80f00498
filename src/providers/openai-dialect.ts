/** The dialect of OpenAI's own models, also on Azure: reasoning models accept other fields than the rest. */

import { type DialectContext, type DialectRule, removes, renames } from './dialect-rule.ts';
import { isOSeries, reasoningOf, wantsCompletionLimit } from './openai-model.ts';

/** The rules for chat. */
export const OPENAI_CHAT: readonly DialectRule[] = [
  /**
   * "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
   * (https://platform.openai.com/docs/api-reference/chat/create; recorded from gpt-5-nano)
   */
  renames('max_tokens', 'max_completion_tokens', 'reasoning models refuse max_tokens', ({ model }) =>
    wantsCompletionLimit(model),
  ),
  /**
   * Refused while the model reasons: https://platform.openai.com/docs/guides/latest-model, "parameter compatibility", and
   * https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning, "not supported". The caller then gets no `logprobs`.
   */
  ...removes(['temperature', 'top_p', 'logprobs', 'top_logprobs'], 'refused by a model that reasons', reasons),
  /** The same page of Azure; GPT-5.1 and later refuse these fields even without reasoning. */
  ...removes(['presence_penalty', 'frequency_penalty', 'logit_bias'], 'refused by reasoning models', canReason),
  /** "Unsupported parameter: 'parallel_tool_calls' is not supported with this model"; Azure's table lists it for no model of the o series. */
  ...removes(['parallel_tool_calls'], 'refused by the o series', ({ model }) => isOSeries(model)),
  /** "Unrecognized request argument supplied: reasoning_effort", from GPT-4o and 4.1; they accept `null`. */
  ...removes(['reasoning_effort'], 'refused by models that do not reason', cannotReason),
];

/** The rules for the Responses API, from the same sources. */
export const OPENAI_RESPONSES: readonly DialectRule[] = [
  ...removes(['temperature', 'top_p', 'top_logprobs'], 'refused by a model that reasons', reasons),
  ...removes(
    ['reasoning'],
    'refused by models that do not reason',
    (context) => cannotReason(context) && effortOf(context.body) !== undefined,
  ),
];

function reasons({ model, body }: DialectContext): boolean {
  const reasoning = reasoningOf(model);
  switch (reasoning) {
    case 'always':
      return true;
    case 'byDefault':
      return effortOf(body) !== 'none';
    case 'onRequest':
      return (effortOf(body) ?? 'none') !== 'none';
    case 'never':
    case undefined:
      return false;
    default:
      return reasoning satisfies never;
  }
}

function canReason({ model }: DialectContext): boolean {
  const reasoning = reasoningOf(model);
  return reasoning !== undefined && reasoning !== 'never';
}

/** A `reasoning_effort` of `null` counts as absent. */
function cannotReason({ model, body }: DialectContext): boolean {
  return reasoningOf(model) === 'never' && body['reasoning_effort'] !== null;
}

/** `reasoning_effort` on chat, `reasoning.effort` on the Responses API. */
function effortOf({ reasoning_effort: effort, reasoning }: Readonly<Record<string, unknown>>): unknown {
  const nested =
    typeof reasoning === 'object' && reasoning !== null ? (reasoning as { effort?: unknown }).effort : null;
  return effort ?? nested ?? undefined;
}
