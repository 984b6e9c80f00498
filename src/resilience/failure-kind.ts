/** Finds the failure kind of a provider's error response. Providers agree on little: the order of the checks matters. */

import type { FailureKind } from '../domain/attempt.ts';
import type { ErrorResponse } from './read-error.ts';

/**
 * The kind of an error response, or of an error inside a stream.
 *
 * Sources: recorded answers of OpenAI, Azure, Anthropic, Gemini, DeepSeek, Groq, Kimi and OpenRouter; Kimi's error page;
 * public reports on DashScope, DeepSeek and the relays one-api and new-api. Wordings without a recorded answer are hints.
 */
export function kindOfResponse(response: ErrorResponse): FailureKind {
  const { text } = response;
  const status = response.status ?? response.statusInBody;
  if (isQuota(text)) return 'quota';
  if (MODEL_NOT_FOUND.test(text)) return 'modelNotFound';
  if (status === 404 && ID_NOT_FOUND.test(text)) return 'badRequest';
  // The text of a 429 or a server error may quote any part of the request.
  if (status !== undefined && (status === 429 || status >= 500)) return kindOfStatus(status, response.param);
  if (CONTENT_FILTER.test(text)) return 'contentFilter';
  if (CONTEXT_LENGTH.test(text)) return 'contextLength';
  if (RATE_LIMIT_CODE.test(text)) return 'rateLimit';
  if (API_KEY.test(text)) return 'auth';
  const known = status ?? unstatedStatus(response);
  return known === 403 ? kindOfForbidden(response) : kindOfStatus(known, response.param);
}

function kindOfStatus(status: number, param: string | undefined): FailureKind {
  switch (status) {
    case 401:
      return 'auth';
    case 402:
      return 'quota';
    case 404:
      // A response, a file or a prompt may also be missing: not the upstream's fault, and another upstream does not have it either.
      return param === undefined || param === 'model' ? 'modelNotFound' : 'badRequest';
    case 408:
      return 'timeout';
    case 409:
      return 'conflict';
    case 429:
      return 'rateLimit';
    default:
      return status >= 400 && status < 500 ? 'badRequest' : 'server';
  }
}

/**
 * Providers refuse a key or an account in JSON, and say so. Any other 403 concerns one model, or comes from a firewall or a policy, which
 * may dislike one prompt.
 */
function kindOfForbidden({ body, text }: ErrorResponse): FailureKind {
  if (body === undefined || body === null) return 'forbidden';
  if (MODEL_FORBIDDEN.test(text)) return 'modelNotFound';
  return ACCOUNT.test(text) ? 'auth' : 'forbidden';
}

/** The status that an error inside a stream would have had as a response. */
function unstatedStatus({ code, type, text }: ErrorResponse): number {
  const named = [code, type].find((name) => name !== undefined && Object.hasOwn(STATUS_OF, name));
  if (named !== undefined) return STATUS_OF[named] ?? 500;
  if (code !== undefined && BAD_REQUEST_CODE.test(code)) return 400;
  return RATE_LIMIT_PROSE.test(text) ? 429 : 500;
}

/** The account has no money left. Gemini also says "exceeded your current quota" for limits per minute. */
function isQuota(text: string): boolean {
  return (
    QUOTA.test(text) || (/exceeded your current quota/.test(text) && !/resource_exhausted|google|retry in/.test(text))
  );
}

const QUOTA = new RegExp(
  [
    'insufficient_quota', // OpenAI, 429
    'billing_hard_limit_reached', // OpenAI, 400
    'billing_error', // Anthropic
    'credit balance is too low', // Anthropic, 400
    'insufficient balance', // DeepSeek, 402; Kimi, 403 and 429
    'exceeded_current_quota_error', // Kimi, 429
    'arrearage', // DashScope, 400
    'insufficient credits', // OpenRouter, 402
    'insufficient_user_quota', // one-api and new-api, 403
    'pre_consume_token_quota_failed', // one-api and new-api, 403
    'quota is not enough', // one-api and new-api
    '余额不足', // "balance is not enough": Zhipu, 429
    '额度不足', // "quota is not enough": new-api
  ].join('|'),
);

/** OpenAI: "Response with id 'resp_1' not found." */
const ID_NOT_FOUND = /(?:response|conversation|item) with id \S+ not found/;

const MODEL_NOT_FOUND = new RegExp(
  [
    'model_not_found', // OpenAI, 404 on chat, 400 on responses, 403 for a project without access; new-api, 503
    'no available channels? for model', // new-api, 503
    '无可用渠道', // "no available channel": one-api and new-api, 503
  ].join('|'),
);

const CONTEXT_LENGTH = new RegExp(
  [
    'context_length_exceeded', // OpenAI
    'maximum context length', // OpenAI, DeepSeek, OpenRouter and vLLM, often without the code
    'exceeds? the context window', // OpenAI's responses
    'prompt is too long', // Anthropic
    'input token length too long', // Kimi
    'exceeded model token limit', // Kimi
    'input token count.{0,40}exceeds', // Gemini
    'range of input length should be', // DashScope
    'exceed_context_size', // llama.cpp
  ].join('|'),
);

const CONTENT_FILTER = new RegExp(
  [
    'content_filter', // Azure and Kimi
    'content_policy_violation', // OpenAI's images, Azure; `image_content_policy_violation` inside a stream
    'responsibleaipolicyviolation', // Azure
    'content management policy', // Azure
    'violating our usage policy', // OpenAI, with code invalid_prompt
    '(?:bio|misalignment)_policy', // OpenAI's responses
    'content exists risk', // DeepSeek
    'considered high risk', // Kimi
    'data_?inspection_?failed', // DashScope
    'requires moderation.{0,80}flagged', // OpenRouter, 403
  ].join('|'),
);

/** The key may use other models. */
const MODEL_FORBIDDEN = new RegExp(
  [
    'model_permission_blocked', // Groq, `model_permission_blocked_project` and `_org`
    'model_not_allowed',
    "(?:not|n't|no|without) (?:have |the )*(?:access|permission) (?:to|for) (?:use |call )?(?:the |this |that )?model", // OpenAI, new-api
    'not (?:allowed|permitted|authorized) to (?:use|access|call) (?:the |this |that )?model',
    '无权访问模型', // "no access to the model": new-api
  ].join('|'),
);

/** What a 403 says that concerns the key or the account, and so all calls. */
const ACCOUNT = new RegExp(
  [
    String.raw`\bkeys?\b`,
    'api_?-?key',
    'permission', // Anthropic `permission_error`, Google `PERMISSION_DENIED`
    'account',
    'authenticat',
    'authori[sz]',
    'credential',
    '(?:access|auth|bearer|invalid|expired|this|your) ?_?token',
    'organi[sz]ation',
    'project',
    'subscription',
    'billing',
    'suspended',
    '令牌', // "token": one-api and new-api
  ].join('|'),
);

/** Groq sends it with 413, relays with other statuses. */
const RATE_LIMIT_CODE = /rate_limit_exceeded|rate_limit_error|rate_limit_reached/;

const RATE_LIMIT_PROSE = /rate.?limit|too many requests/;

/** Gemini and xAI answer a wrong key with 400. */
const API_KEY = /api key not valid|api_key_invalid|incorrect api key|invalid_api_key/;

/** Codes of a failed response: `invalid_prompt`, `image_too_large`, `unsupported_image_media_type`, … */
const BAD_REQUEST_CODE = /^(invalid|unsupported|empty|image)_/;

/** By `code` or `type`. Every other name counts as a server error. */
const STATUS_OF: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  invalid_authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  server_error: 500,
  api_error: 500,
  overloaded_error: 529,
  server_is_overloaded: 503,
};
