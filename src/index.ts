/** The public surface of `openai-canary`: every name that users import, listed by hand. */

export { CanaryClient, withCanary } from './client.ts';
export type { CanaryClass, CanaryProperty, OpenAIClass } from './client.ts';
export type { Batch } from './batch/batch.ts';
export type { BatchCall, BatchOptions, BatchProgress, BatchResult } from './batch/options.ts';
export type { CanaryControl } from './runtime/control.ts';
export type { ShadowControl } from './shadow/control.ts';
export type { ShadowOptions } from './shadow/options.ts';
export type { CompareResult } from './shadow/options.ts';
export type {
  Comparison,
  ComparisonAspect,
  ReadAnswer,
  ReadToolCall,
  ShadowAdvice,
  ShadowAnswer,
  ShadowCall,
  ShadowDropReason,
  ShadowEvent,
  ShadowSample,
} from './domain/shadow.ts';
export { defaultAlerts, type DefaultAlertsOptions } from './alerts/default-alerts.ts';
export type { CanaryFetch } from './runtime/fetch.ts';
export type { ModelPrice, ReportedPrices } from './runtime/price-report.ts';
export type { ExplainOptions, Explanation } from './runtime/explain.ts';
export type { CostsOptions } from './ledger/ledger.ts';
export { route } from './call/route.ts';
export {
  BreakerOpenError,
  CapabilityError,
  ConfigError,
  DeadlineError,
  StreamInterruptedError,
  UpstreamTimeoutError,
} from './domain/errors.ts';
export { CostCapError } from './domain/errors.ts';
export { UnknownPriceError } from './domain/errors.ts';
export { costOf } from './cost-of.ts';
export type { CostOf, CostOfInput } from './cost-of.ts';
export type { PartialAnswer } from './domain/errors.ts';
export { RolloutError } from './domain/errors.ts';
export { presets } from './options.ts';
export { fileStore } from './store/file-store.ts';
export { memoryStore } from './store/memory-store.ts';
export { BudgetExceededError, RateLimitedError } from './domain/errors.ts';

export type { AlertRuleOptions, WebhookOptions } from './alerts/options.ts';
export type { CanaryOptions } from './options.ts';
export type { Logger } from './events/warnings.ts';
export type { SegmentOptions } from './routing/resolve-split.ts';
export type { KeyContext } from './routing/key.ts';
export type {
  BreakerOptions,
  FallbackOptions,
  HedgeOptions,
  RetryOptions,
  StreamOptions,
  TimeoutOptions,
} from './resilience/options.ts';
export type { CacheContext, CacheOptions } from './cache/options.ts';
export type { TaskContext, TaskOptions } from './routing/tasks.ts';
export type { BudgetOptions, LimitsOptions, QueueOptions } from './resilience/limits/options.ts';
export type { Params, UpstreamOptions } from './upstream/upstream-options.ts';
export type { Alert, AlertBound, AlertMetric, AlertReport, AlertRule, AlertStatus, Severity } from './domain/alert.ts';
export type { AttemptReason, AttemptRecord, CallLedger, CallRecord, Delivery } from './domain/attempt.ts';
export type { BreakerReason, BreakerState } from './domain/attempt.ts';
export type { BudgetPeriod, BudgetScope, BudgetSnapshot } from './domain/usage.ts';
export type { LimitsSnapshot } from './domain/snapshot.ts';
export type { AcceptAnswer, AcceptContext, AcceptOption } from './domain/call.ts';
export type {
  AttributeValue,
  Call,
  CallKey,
  KeySource,
  RouteOptions,
  RunOptions,
  SpendLimit,
  StreamMode,
  Surface,
} from './domain/call.ts';
export {
  type RolloutCommand,
  type RolloutInStore,
  rolloutInStore,
  type StoredRolloutView,
} from './rollout/rollout-in-store.ts';
export type { Clock, Timer } from './time/clock.ts';
export type { Duration } from './domain/duration.ts';
export type {
  BreakerEvent,
  BudgetEvent,
  CanaryEventName,
  CanaryEvents,
  FallbackEvent,
  HedgeEvent,
  RateLimitEvent,
  RetryEvent,
  RollbackEvent,
  RuleRollbackEvent,
  WarningEvent,
} from './domain/events.ts';
export type { FailureKind, Outcome, TimeoutPhase } from './domain/attempt.ts';
export type { Plan, PlanReason, SkipReason } from './domain/call.ts';
export type {
  CheckName,
  CheckResult,
  CheckStatus,
  Finding,
  FindingName,
  ProbedCapabilities,
  ProbeEvent,
  ProbeReport,
} from './domain/probe.ts';
export type { ActiveProbeOptions, ProbeOptions } from './probe/options.ts';
export type { Requirement } from './domain/call.ts';
export type { CacheSnapshot } from './domain/snapshot.ts';
export type { RolloutImprovement, RolloutSnapshot } from './domain/rollout-snapshot.ts';
export type {
  Health,
  ModelSnapshot,
  ModelWindowSnapshot,
  Quantiles,
  ShadowSnapshot,
  Snapshot,
  TaskSnapshot,
  UpstreamSnapshot,
  WindowSnapshot,
} from './domain/snapshot.ts';
export type {
  RollbackCause,
  RolloutCause,
  RolloutPhase,
  ResolvedRequirements,
  RolloutState,
  RolloutStep,
  SegmentCondition,
  StepRequirements,
  StepTraffic,
} from './domain/rollout.ts';
export type { AnalysisEvent, RolloutChangeEvent, RolloutRollbackEvent } from './domain/rollout.ts';
export type { ArmNumbers, GuardrailNumbers, RolloutDecision, RolloutNumbers, RolloutVerb } from './domain/rollout.ts';
export type { BadReason, SampleCounts } from './domain/rollout.ts';
export type { Ranges, Weights } from './domain/call.ts';
export type { Json, Lease, PartGrant, PartRequest, Store, SourceBlock } from './domain/store.ts';
export type { StoreAnswers, StoredMessage, StoreSnapshot } from './domain/store.ts';
export type {
  AttemptOrigin,
  AttemptReader,
  AttemptTrace,
  CallTrace,
  CallTracer,
  TracedAttempt,
  TracedCall,
  TracedPlan,
} from './domain/trace.ts';
export type {
  Cost,
  CostSource,
  ListPrice,
  MissingCost,
  Price,
  PriceSource,
  PricesOptions,
  PriceTableVersion,
  ServiceTier,
  Surcharge,
  UpstreamPrice,
  Usage,
} from './domain/usage.ts';
export type {
  CostBreakdown,
  CostDimension,
  CostPeriod,
  CostRate,
  CostReport,
  CostRow,
  CostTotals,
  EstimateDrift,
} from './ledger/report.ts';
export type { Capabilities } from './providers/capabilities.ts';
export type { DialectChange } from './providers/dialect-rule.ts';
export type { ProviderName } from './providers/presets.ts';
export type {
  FreezeOptions,
  RolloutGuardOptions,
  RolloutOptions,
  RolloutStepOptions,
  ShadowRaise,
} from './rollout/options.ts';
export type { RolloutPlanned, RolloutReport } from './rollout/report.ts';
export type { RolloutWait } from './rollout/waits.ts';
export type { RolloutControl } from './rollout/control.ts';
export type { GuardOptions } from './stats/analysis-types.ts';
export type { FileStoreOptions } from './store/file-store.ts';
export type { StoreOptions } from './store/memory-store.ts';
export type { Listener } from './events/emitter.ts';
export type { TrafficChange } from './routing/traffic.ts';
