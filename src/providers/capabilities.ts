/** Finds out what an upstream cannot do. */

import { type Requirement, REQUIREMENTS, type Surface } from '../domain/call.ts';
import { reasoningOf } from './openai-model.ts';
import type { ProviderName } from './presets.ts';

/** What the user declares about an upstream; it wins over what is known about the provider. */
export interface Capabilities extends Readonly<Partial<Record<Requirement, boolean>>> {
  /**
   * Whether its streams have a `finish_reason`. `true`: `[DONE]` without one means that the answer was truncated. `false`: such an answer is
   * complete.
   * @default complete, with one warning for each upstream
   */
  readonly finishReason?: boolean;
}

/** What is known about an upstream. */
export interface Capable {
  /** Without a provider only `capabilities` and `probed` count. */
  readonly provider?: ProviderName | undefined;
  /** The model that is requested from the upstream. */
  readonly model?: string | undefined;
  readonly capabilities?: Capabilities | undefined;
  /** What a probe found out; `capabilities` win over it. */
  readonly probed?: Capabilities | undefined;
}

/** The first requirement that the upstream cannot meet; `undefined` when it meets all, as far as is known. */
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

/** What no model of a provider supports. */
const GAPS: Readonly<Record<ProviderName, readonly Requirement[]>> = {
  openai: [],
  azure: [],
  holysheep: [],
  openrouter: [],
  gemini: [],
  /** https://api-docs.deepseek.com/api/create-chat-completion has no `n`. Other gaps depend on model and surface: see `isGap`. */
  deepseek: ['multipleChoices'],
  /**
   * "logprobs", and "if N is supplied, it must be equal to 1" (https://console.groq.com/docs/openai); the parts of a message
   * are text and images (https://console.groq.com/docs/api-reference#chat-create).
   */
  groq: ['multipleChoices', 'logprobs', 'audio', 'files'],
};

/**
 * DeepSeek answers "unknown variant `image_url`, expected `text`" to every part that is not text, and its models cannot use
 * such parts behind a relay either. The names of models with vision show it (https://api-docs.deepseek.com/guides/vision).
 */
const DEEPSEEK_MODEL = /(?:^|\/)deepseek-(?!.*(?:vision|vl|ocr))/;

function isGap(provider: ProviderName, surface: Surface, model: string | undefined, requirement: Requirement): boolean {
  if (GAPS[provider].includes(requirement)) return true;
  switch (requirement) {
    case 'vision':
    case 'audio':
    case 'files':
      return model === undefined ? provider === 'deepseek' : DEEPSEEK_MODEL.test(model);
    case 'jsonSchema':
      // DeepSeek's chat does not enforce a schema: https://api-docs.deepseek.com/guides/json_mode.
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

/** OpenAI's models that always reason refuse `logprobs`: https://platform.openai.com/docs/guides/latest-model. */
function hidesLogprobs(provider: ProviderName, model: string | undefined): boolean {
  return (provider === 'openai' || provider === 'azure') && reasoningOf(model) === 'always';
}
