/** All metrics of the exporter: names, units, labels and help texts. `docs/metrics.md` is made from this table. */

/** How a metric of several processes of one Node cluster becomes one, in the words of the client libraries. */
export type Aggregator = 'sum' | 'min' | 'max' | 'average';

/** One metric of the table. */
export interface MetricDefinition<Labels extends readonly string[] = readonly string[]> {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Without the prefix. */
  readonly name: string;
  /** What it counts, or a base unit, which ends the name. */
  readonly unit: string;
  readonly labels: Labels;
  readonly help: string;
  readonly aggregator: Aggregator;
}

type Metrics = Readonly<Record<string, MetricDefinition>>;

const CALLS = {
  calls: counter(
    'calls_total',
    'calls',
    ['assigned', 'upstream', 'outcome'],
    'Calls by the upstream they were assigned to, and the upstream of their last attempt, which served them if they succeeded',
  ),
  callDuration: histogram(
    'call_duration_seconds',
    'seconds',
    ['assigned', 'outcome'],
    'Duration of calls that ended in success or failure, with all their attempts',
  ),
  callFirstChunk: histogram(
    'call_first_chunk_seconds',
    'seconds',
    ['assigned'],
    'Time from the call to the first content, of streams that ended in success or failure',
  ),
} as const satisfies Metrics;

const ATTEMPTS = {
  attempts: counter(
    'attempts_total',
    'attempts',
    ['upstream', 'model', 'outcome', 'kind'],
    'Attempts of calls, by outcome and failure kind; copies and probes are not counted',
  ),
  attemptDuration: histogram(
    'attempt_duration_seconds',
    'seconds',
    ['upstream', 'outcome'],
    'Duration of attempts that ended in success or failure; for a stream, to its last chunk',
  ),
  attemptFirstChunk: histogram(
    'attempt_first_chunk_seconds',
    'seconds',
    ['upstream'],
    'Time from the attempt to the first content, of streams that ended in success or failure',
  ),
  retries: counter(
    'retries_total',
    'retries',
    ['upstream', 'kind'],
    'Attempts repeated on the same upstream, by the failure that caused it',
  ),
  fallbacks: counter(
    'fallbacks_total',
    'fallbacks',
    ['from', 'to', 'reason'],
    'Calls that moved to another upstream, by the failure, or the reason why the first was skipped',
  ),
  hedges: counter('hedges_total', 'hedges', ['from', 'to'], 'Second upstreams asked in parallel to a slow one'),
  brokenToolCalls: counter(
    'broken_tool_calls_total',
    'attempts',
    ['upstream'],
    'Attempts whose answer calls a function with arguments that are not a JSON object',
  ),
} as const satisfies Metrics;

const MONEY = {
  tokens: counter(
    'tokens_total',
    'tokens',
    ['upstream', 'model', 'type'],
    'Tokens of all attempts, copies and probes; the types do not overlap, so their sum is all tokens',
  ),
  cost: counter(
    'cost_usd_total',
    'usd',
    ['upstream', 'model', 'reason'],
    'Known cost of all attempts, copies and probes, by the reason of the attempt',
  ),
  unpriced: counter(
    'unpriced_attempts_total',
    'attempts',
    ['upstream', 'model'],
    'Attempts with usage but no known price, whose cost is missing from cost_usd_total',
  ),
  savings: counter(
    'savings_usd_total',
    'usd',
    ['upstream'],
    'USD by which attempts were cheaper than the same tokens on stable',
  ),
  extraCost: counter(
    'extra_cost_usd_total',
    'usd',
    ['upstream'],
    'USD by which attempts were more expensive than the same tokens on stable',
  ),
  priceListTimestamp: gauge(
    'price_list_timestamp_seconds',
    'seconds',
    ['upstream'],
    'Day of the price list that the latest cost from a list was computed with, since the Unix epoch',
    'min',
  ),
} as const satisfies Metrics;

const HEALTH = {
  weight: gauge('weight_ratio', 'ratio', ['upstream'], 'Share of the split, 0-1', 'average'),
  health: gauge('health', 'state', ['upstream', 'state'], '1 for the current health of the upstream, 0 for the others'),
  breaker: gauge(
    'breaker_state',
    'state',
    ['upstream', 'state'],
    '1 for the worst state of the circuit breakers of the upstream, 0 for the others',
  ),
  breakerChanges: counter(
    'breaker_changes_total',
    'changes',
    ['upstream', 'to'],
    'Changes of the state of circuit breakers',
  ),
  pauses: counter(
    'pauses_total',
    'pauses',
    ['upstream', 'kind'],
    'Pauses by a rate limit, an exhausted quota or rejected credentials, and times that the own limits were reached',
  ),
  pauseRemaining: gauge(
    'pause_remaining_seconds',
    'seconds',
    ['upstream'],
    'How long the upstream, or one of its models, stays paused; 0 without a pause',
  ),
  uptime: gauge(
    'uptime_ratio',
    'ratio',
    ['upstream'],
    'Share of time of the window in which the upstream was up, 0-1',
    'average',
  ),
  quality: gauge(
    'quality',
    'score',
    ['upstream'],
    'Mean of the quality recorded for calls of the window that the upstream answered',
    'average',
  ),
  targetLatency: gauge(
    'target_latency_seconds',
    'seconds',
    ['upstream'],
    'The p95 latency that the upstream should keep, by its option targetLatency',
  ),
} as const satisfies Metrics;

const LIMITS = {
  limitInFlight: gauge(
    'limit_in_flight_attempts',
    'attempts',
    ['upstream'],
    'Attempts in flight on an upstream with limits',
    'sum',
  ),
  limitQueue: gauge(
    'limit_queued_calls',
    'calls',
    ['upstream'],
    'Calls in the queue of an upstream with limits',
    'sum',
  ),
  limitRequests: gauge(
    'limit_minute_requests',
    'requests',
    ['upstream'],
    'Requests that count against the limit per minute',
    'sum',
  ),
  limitTokens: gauge(
    'limit_minute_tokens',
    'tokens',
    ['upstream'],
    'Tokens that count against the limit per minute, with those reserved for attempts in flight',
    'sum',
  ),
  budgetLimit: gauge('budget_limit_usd', 'usd', ['budget', 'per', 'scope'], 'Limit of each amount of the budget'),
  budgetSpent: gauge(
    'budget_spent_usd',
    'usd',
    ['budget', 'per', 'scope'],
    'Spent in the current period, over all amounts of the budget',
  ),
  budgetReserved: gauge(
    'budget_reserved_usd',
    'usd',
    ['budget', 'per', 'scope'],
    'Reserved for attempts in flight, over all amounts of the budget',
  ),
  budgetAmounts: gauge(
    'budget_amounts',
    'amounts',
    ['budget', 'per', 'scope'],
    'Amounts of the budget in use: one per key or upstream',
  ),
  budgetExhausted: gauge(
    'budget_exhausted_amounts',
    'amounts',
    ['budget', 'per', 'scope'],
    'Amounts of the budget that are spent',
  ),
  budgetReset: gauge(
    'budget_reset_timestamp_seconds',
    'seconds',
    ['budget', 'per', 'scope'],
    'When the current period of the budget ends, since the Unix epoch',
  ),
  budgetNotices: counter(
    'budget_notices_total',
    'notices',
    ['budget', 'share'],
    'Times that an amount of the budget reached 50 %, 80 % or 100 % of its limit',
  ),
} as const satisfies Metrics;

const ROLLOUTS = {
  rolloutPhase: gauge(
    'rollout_phase',
    'state',
    ['upstream', 'phase'],
    '1 for the current phase of the rollout to the upstream, 0 for the others',
  ),
  rolloutStep: gauge('rollout_step', 'step', ['upstream'], 'Current step of the rollout, counted from 1'),
  rolloutSteps: gauge('rollout_steps', 'steps', ['upstream'], 'Steps of the rollout'),
  rolloutWeight: gauge('rollout_weight_ratio', 'ratio', ['upstream'], 'Share of all calls that the rollout gives, 0-1'),
  rolloutActualShare: gauge(
    'rollout_actual_share_ratio',
    'ratio',
    ['upstream'],
    "The canary's share of the calls assigned to both sides in the step, 0-1",
  ),
  rolloutShadowShare: gauge(
    'rollout_shadow_share_ratio',
    'ratio',
    ['upstream'],
    'Share of calls that the canary gets copies of, 0-1',
  ),
  rolloutHeld: gauge('rollout_held_seconds', 'seconds', ['upstream'], 'How long the current step has lasted'),
  rolloutBlocked: gauge(
    'rollout_blocked',
    'state',
    ['upstream', 'blocker'],
    '1 for what the rollout waits for before its next move, 0 for the others',
  ),
  rolloutEvidence: gauge(
    'rollout_evidence_ratio',
    'ratio',
    ['upstream'],
    'How close all guardrails together are to a rollback, 0-1 on a logarithmic scale',
  ),
  rolloutRollbackEvidence: gauge(
    'rollout_guardrail_rollback_ratio',
    'ratio',
    ['upstream', 'guardrail'],
    'How close the guardrail alone is to a rollback, 0-1 on a logarithmic scale',
  ),
  rolloutPromotionEvidence: gauge(
    'rollout_guardrail_promotion_ratio',
    'ratio',
    ['upstream', 'guardrail'],
    'How close the guardrail is to letting the rollout advance, 0-1 on a logarithmic scale',
  ),
  rolloutSamples: gauge(
    'rollout_step_samples',
    'samples',
    ['upstream', 'side', 'result', 'reason'],
    'Samples assigned to a side in the step by their result, bad ones by reason; a shadow step counts copies',
  ),
  rolloutErrorRate: gauge(
    'rollout_step_error_ratio',
    'ratio',
    ['upstream', 'side'],
    'Share of the judged calls of a side in the step that failed, 0-1',
  ),
  rolloutLatency: gauge(
    'rollout_step_latency_seconds',
    'seconds',
    ['upstream', 'side'],
    'Mean latency of the successful judged calls of a side in the step',
  ),
  rolloutCost: gauge(
    'rollout_step_cost_per_call_usd',
    'usd',
    ['upstream', 'side'],
    'Mean known cost of the judged calls of a side in the step',
  ),
  rolloutQuality: gauge(
    'rollout_step_quality',
    'score',
    ['upstream', 'side'],
    'Mean recorded quality of the judged calls of a side in the step',
  ),
  rolloutImprovement: gauge(
    'rollout_improvement_ratio',
    'ratio',
    ['upstream', 'metric'],
    'How much lower the mean of the canary is than that of stable in the step: 0.1 is a tenth lower',
  ),
  rolloutExposed: gauge('rollout_exposed_calls', 'calls', ['upstream'], 'Judged canary calls since the rollout began'),
  rolloutFailed: gauge(
    'rollout_failed_calls',
    'calls',
    ['upstream'],
    'Judged canary calls that failed since the rollout began',
  ),
  rolloutChanges: counter(
    'rollout_changes_total',
    'changes',
    ['upstream', 'change', 'cause'],
    'Steps, promotions, rollbacks, pauses, resumptions and restarts by their cause; also rollbacks by an alert rule',
  ),
} as const satisfies Metrics;

const COPIES = {
  copies: counter(
    'shadow_copies_total',
    'copies',
    ['upstream', 'outcome', 'kind'],
    'Copied calls that have ended on both sides, by the outcome and failure kind of the copy',
  ),
  copyDuration: histogram(
    'shadow_duration_seconds',
    'seconds',
    ['upstream', 'outcome'],
    'Duration of copies that ended in success or failure',
  ),
  agreement: histogram(
    'shadow_agreement_ratio',
    'ratio',
    ['upstream'],
    "Agreement of the copy's answer with the real one, 0-1",
  ),
  aspects: gauge(
    'shadow_aspect_ratio',
    'ratio',
    ['upstream', 'aspect'],
    'Mean agreement in one aspect over the window, 0-1',
    'average',
  ),
  shadowShare: gauge('shadow_share_ratio', 'ratio', ['upstream'], 'Share of keys that are shadowed, 0-1'),
  copiesDropped: gauge(
    'shadow_dropped_copies',
    'copies',
    ['upstream', 'reason'],
    'Selected calls of the window that were not copied',
    'sum',
  ),
  copiesInFlight: gauge('shadow_in_flight_copies', 'copies', ['upstream'], 'Copies in flight', 'sum'),
  copiesQueued: gauge('shadow_queued_copies', 'copies', ['upstream'], 'Copies that wait for a slot', 'sum'),
} as const satisfies Metrics;

const CACHE = {
  cacheCalls: counter('cache_calls_total', 'calls', ['result'], 'Calls by what the cache had for them'),
  cacheEntries: gauge('cache_entries', 'entries', [], 'Answers in the cache', 'sum'),
  cacheBytes: gauge('cache_size_bytes', 'bytes', [], 'Size of the answers in the cache', 'sum'),
} as const satisfies Metrics;

const STORE = {
  storeState: gauge('store_state', 'state', ['state'], '1 for how the shared store answers, 0 for the other states'),
  storePending: gauge(
    'store_pending_operations',
    'operations',
    [],
    'Operations that the store has not answered',
    'sum',
  ),
  storeUnsent: gauge('store_unsent_samples', 'samples', [], 'Samples of rollouts that wait for the store', 'sum'),
  storeLost: counter(
    'store_lost_samples_total',
    'samples',
    [],
    'Samples of rollouts that were dropped because too many waited for the store',
  ),
  rolloutLeader: gauge(
    'rollout_leader',
    'state',
    ['upstream'],
    '1 in the process that leads the rollout to the upstream, 0 in the others',
  ),
} as const satisfies Metrics;

const ALERTS = {
  alertFiring: gauge('alert_firing', 'state', ['alert'], '1 while an alert rule of this name is firing'),
  alerts: counter('alerts_total', 'alerts', ['alert', 'severity', 'state'], 'Alerts that fired and resolved'),
  warnings: counter('warnings_total', 'warnings', ['code'], 'Warnings: a part of the client is degraded, calls go on'),
  exportErrors: counter('export_errors_total', 'errors', [], 'Scrapes in which the state of the client was unreadable'),
} as const satisfies Metrics;

/** All metrics by a key of their own. */
export const METRICS = {
  ...CALLS,
  ...ATTEMPTS,
  ...MONEY,
  ...HEALTH,
  ...LIMITS,
  ...ROLLOUTS,
  ...COPIES,
  ...CACHE,
  ...STORE,
  ...ALERTS,
} as const satisfies Metrics;

/** The metrics in the sections of `docs/metrics.md`. */
export const METRIC_SECTIONS: Readonly<Record<string, Metrics>> = {
  Calls: CALLS,
  Attempts: ATTEMPTS,
  'Tokens and money': MONEY,
  'Health of upstreams': HEALTH,
  'Limits and budgets': LIMITS,
  Rollouts: ROLLOUTS,
  Copies: COPIES,
  Cache: CACHE,
  Store: STORE,
  'Alerts and warnings': ALERTS,
};

type Table = typeof METRICS;

/** A key of the table. */
export type MetricKey = keyof Table;

/** The keys of a kind of metrics. */
export type KeyOf<Kind extends MetricDefinition['kind']> = {
  [Key in MetricKey]: Table[Key]['kind'] extends Kind ? Key : never;
}[MetricKey];

/** One value for each label of a metric, in the order of the table. */
export type LabelValues<Key extends MetricKey> = ValuesOf<Table[Key]['labels']>;

type ValuesOf<Labels extends readonly string[]> = { readonly [Index in keyof Labels]: string };

// `Object.keys` widens to `string`: the keys are those of the table.
export const METRIC_KEYS = Object.keys(METRICS) as readonly MetricKey[];

type Defined<Kind extends MetricDefinition['kind'], Labels extends readonly string[]> = MetricDefinition<Labels> & {
  readonly kind: Kind;
};

function counter<const Labels extends readonly string[]>(
  name: string,
  unit: string,
  labels: Labels,
  help: string,
): Defined<'counter', Labels> {
  return { kind: 'counter', name, unit, labels, help, aggregator: 'sum' };
}

function histogram<const Labels extends readonly string[]>(
  name: string,
  unit: string,
  labels: Labels,
  help: string,
): Defined<'histogram', Labels> {
  return { kind: 'histogram', name, unit, labels, help, aggregator: 'sum' };
}

/** @param aggregator for a state and for what all processes know alike, the default is right */
function gauge<const Labels extends readonly string[]>(
  name: string,
  unit: string,
  labels: Labels,
  help: string,
  aggregator: Aggregator = 'max',
): Defined<'gauge', Labels> {
  return { kind: 'gauge', name, unit, labels, help, aggregator };
}
