/**
 * The names of OpenTelemetry's conventions for generative AI (semantic conventions 1.41.0), and our own. The conventions are in development, and
 * their names move: they stand in this file only. Those of `server` and `error` are stable.
 */

/** Attributes of spans and metrics. */
export const ATTRIBUTES = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  tokenType: 'gen_ai.token.type',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  systemInstructions: 'gen_ai.system_instructions',
  apiType: 'openai.api.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  httpStatus: 'http.response.status_code',
} as const;

/** Fields of a request body that the conventions name, and the type of their values. */
export const REQUEST_PARAMETERS = [
  ['temperature', 'gen_ai.request.temperature', 'number'],
  ['top_p', 'gen_ai.request.top_p', 'number'],
  ['max_tokens', 'gen_ai.request.max_tokens', 'number'],
  ['max_completion_tokens', 'gen_ai.request.max_tokens', 'number'],
  ['max_output_tokens', 'gen_ai.request.max_tokens', 'number'],
  ['frequency_penalty', 'gen_ai.request.frequency_penalty', 'number'],
  ['presence_penalty', 'gen_ai.request.presence_penalty', 'number'],
  ['seed', 'gen_ai.request.seed', 'number'],
  ['n', 'gen_ai.request.choice.count', 'number'],
  ['service_tier', 'openai.request.service_tier', 'string'],
] as const;

/** Our own attributes. */
export const OWN = {
  side: 'openai_canary.side',
  assigned: 'openai_canary.assigned',
  upstream: 'openai_canary.upstream',
  routeReason: 'openai_canary.route.reason',
  task: 'openai_canary.task',
  outcome: 'openai_canary.outcome',
  attempts: 'openai_canary.attempts',
  attemptKind: 'openai_canary.attempt.kind',
  attemptNumber: 'openai_canary.attempt.number',
  fallbackFrom: 'openai_canary.fallback.from',
  fallbackTo: 'openai_canary.fallback.to',
  fallbackReason: 'openai_canary.fallback.reason',
  hedgeOf: 'openai_canary.hedge.of',
  rollout: 'openai_canary.rollout',
  rolloutStep: 'openai_canary.rollout.step',
  rolloutChange: 'openai_canary.rollout.change',
  inputTokens: 'openai_canary.usage.input_tokens',
  outputTokens: 'openai_canary.usage.output_tokens',
  costUsd: 'openai_canary.cost_usd',
  cached: 'openai_canary.cached',
  unfinished: 'openai_canary.unfinished',
  breakerState: 'openai_canary.breaker.state',
  rateLimit: 'openai_canary.rate_limit.kind',
  alert: 'openai_canary.alert',
  alertState: 'openai_canary.alert.state',
  severity: 'openai_canary.severity',
} as const;

/** Attributes by which other instrumentations mark the span of a call to a model, and their values; `undefined`: any value. */
export const FOREIGN_MARKS: readonly (readonly [name: string, value: RegExp | undefined])[] = [
  ['openinference.span.kind', /^(LLM|EMBEDDING)$/],
  ['llm.request.type', undefined],
  ['gen_ai.system', undefined],
];

/** The conventions' buckets of durations, in seconds. */
export const DURATION_BUCKETS_S = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/** The conventions' buckets of tokens. */
export const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, index) => 4 ** index);

/** Metrics. */
export const METRICS = {
  duration: 'gen_ai.client.operation.duration',
  tokenUsage: 'gen_ai.client.token.usage',
  timeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  calls: 'openai_canary.calls',
  attempts: 'openai_canary.attempts',
  attemptDuration: 'openai_canary.attempt.duration',
  fallbacks: 'openai_canary.fallbacks',
  cost: 'openai_canary.cost',
  savings: 'openai_canary.savings',
  breakerChanges: 'openai_canary.breaker.changes',
  rateLimits: 'openai_canary.rate_limits',
  rolloutChanges: 'openai_canary.rollout.changes',
  alerts: 'openai_canary.alerts',
  weight: 'openai_canary.weight',
  rolloutStep: 'openai_canary.rollout.step',
  rolloutEvidence: 'openai_canary.rollout.evidence',
} as const;
