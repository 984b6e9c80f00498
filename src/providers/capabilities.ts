/** What an upstream cannot do. */

import { type Requirement, REQUIREMENTS, type Surface } from '../domain/call.ts';
import { reasoningOf } from './openai-model.ts';
import type { ProviderName } from './presets.ts';

/** What the user says of an upstream; it wins over what is known of the provider. */
export interface Capabilities extends Readonly<Partial<Record<Requirement, boolean>>> {
  /** `false`: its streams end with `[DONE]` after content, and no choice says how it finished. @default true */
  readonly finishReason?: boolean;
}

/** What is known of an upstream. */
export interface Capable {
  /** Without one nothing is known, and only `capabilities` say what is lacking. */
  readonly provider?: ProviderName | undefined;
  /** The model that the upstream is asked for. */
  readonly model?: string | undefined;
  readonly capabilities?: Capabilities | undefined;
  /** What a probe found out; what the user says wins over it. */
  readonly probed?: Capabilities | undefined;
}

/** The first requirement that the upstream cannot serve; `undefined` when it can serve all, as far as is known. */
export function lacks(
  { provider, model, capabilities, probed }: Capable,
  surface: Surface,
  requirements: ReadonlySet<Requirement>,
): Requirement | undefined {
  if (requirements.size === 0) return undefined;
  return REQUIREMENTS.find((requirement) => {
    if (!requirements.has(requirement)) return false;
    const stated = capabilities?.[requirement] ?? probed?.[requirement];
    if (stated !== undefined) return !stated;
    return provider !== undefined && isGap(provider, surface, model, requirement);
  });
}

/** What every model of a provider lacks. */
const GAPS: Readonly<Record<ProviderName, readonly Requirement[]>> = {
  openai: [],
  azure: [],
  holysheep: [],
  openrouter: [],
  gemini: [],
  /** https://api-docs.deepseek.com/api/create-chat-completion knows no `n`. The rest goes by model and surface, below. */
  deepseek: ['multipleChoices'],
  /**
   * "logprobs", and "if N is supplied, it must be equal to 1" (https://console.groq.com/docs/openai); the parts of a message
   * are text and images (https://console.groq.com/docs/api-reference#chat-create).
   */
  groq: ['multipleChoices', 'logprobs', 'audio', 'files'],
};

/**
 * "unknown variant `image_url`, expected `text`" is what DeepSeek answers to any part but text, and what its models can
 * do nothing with behind a relay either; those that see say so in their name (https://api-docs.deepseek.com/guides/vision).
 */
const DEEPSEEK_MODEL = /(?:^|\/)deepseek-(?!.*(?:vision|vl|ocr))/;

/** Structured output that is enforced: not on DeepSeek's chat (https://api-docs.deepseek.com/guides/json_mode). */
function isGap(provider: ProviderName, surface: Surface, model: string | undefined, requirement: Requirement): boolean {
  if (GAPS[provider].includes(requirement)) return true;
  switch (requirement) {
    case 'vision':
    case 'audio':
    case 'files':
      return model === undefined ? provider === 'deepseek' : DEEPSEEK_MODEL.test(model);
    case 'jsonSchema':
      return provider === 'deepseek' && surface === 'chat';
    case 'logprobs':
      return hidesLogprobs(provider, model);
    case 'tools':
    case 'multipleChoices':
      return false;
    default:
      return requirement satisfies never;
  }
}

/** OpenAI's models that always reason refuse them: https://platform.openai.com/docs/guides/latest-model. */
function hidesLogprobs(provider: ProviderName, model: string | undefined): boolean {
  return (provider === 'openai' || provider === 'azure') && reasoningOf(model) === 'always';
}
