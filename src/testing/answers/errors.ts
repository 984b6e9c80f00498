/** Errors in OpenAI's shape. */

/** The object under `error`. */
export interface ErrorDetail {
  readonly message: string;
  readonly type: string | null;
  readonly param: string | null;
  readonly code: string | null;
}

/** The response to a rejected request. */
export interface ErrorReply {
  readonly status: number;
  readonly body: { readonly error: ErrorDetail };
}

/**
 * The error that OpenAI sends with this status. `detail` overrides fields of it.
 *
 * @example
 * errorReply(429, { type: 'insufficient_quota', code: 'insufficient_quota' })
 */
export function errorReply(status: number, detail: Partial<ErrorDetail> = {}): ErrorReply {
  const usual = BY_STATUS[status] ?? [`The server answered ${status}.`, status < 500 ? INVALID : 'server_error', null];
  const [message, type, code] = usual;
  return { status, body: { error: { message, type, param: null, code, ...detail } } };
}

const INVALID = 'invalid_request_error';

/** Message, type and code, as recorded from OpenAI. */
const BY_STATUS: Readonly<Record<number, readonly [message: string, type: string, code: string | null]>> = {
  400: ['Your request is invalid.', INVALID, null],
  401: ['Incorrect API key provided.', INVALID, 'invalid_api_key'],
  402: ['Insufficient balance.', 'insufficient_quota', 'insufficient_quota'],
  403: ['You are not allowed to use this model.', INVALID, null],
  404: ['Not found.', INVALID, 'not_found'],
  429: ['Rate limit reached. Please try again in 1.78s.', 'requests', 'rate_limit_exceeded'],
  500: ['The server had an error while processing your request.', 'server_error', null],
  503: [
    'Our servers are currently overloaded. Please try again later.',
    'service_unavailable_error',
    'server_is_overloaded',
  ],
  529: ['Overloaded.', 'overloaded_error', null],
};

/** 400: the prompt is longer than the model's context. */
export function contextLengthError(): ErrorReply {
  return errorReply(400, {
    message:
      "This model's maximum context length is 4097 tokens. However, your messages resulted in 4363 tokens. Please reduce the length of the messages.",
    param: 'messages',
    code: 'context_length_exceeded',
  });
}

/** 400: the prompt was filtered, in Azure's wording. */
export function contentFilterError(): ErrorReply {
  return errorReply(400, {
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    type: null,
    param: 'prompt',
    code: 'content_filter',
  });
}

/** Unknown model: 400 on Responses, 404 on all other endpoints. */
export function modelNotFoundError(model: string, path: string): ErrorReply {
  const onResponses = path === '/responses';
  const message = onResponses
    ? `The requested model '${model}' does not exist.`
    : `The model '${model}' does not exist`;
  return errorReply(onResponses ? 400 : 404, { message, param: 'model', code: 'model_not_found' });
}
