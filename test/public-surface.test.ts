/** The exports of the package: an explicit list, with a doc comment at every name. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

test('the main entry point', () => {
  expect(listOf('index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "AcceptAnswer",
        "AcceptContext",
        "AcceptOption",
        "ActiveProbeOptions",
        "Alert",
        "AlertBound",
        "AlertMetric",
        "AlertReport",
        "AlertRule",
        "AlertRuleOptions",
        "AlertStatus",
        "AnalysisEvent",
        "ArmNumbers",
        "AttemptOrigin",
        "AttemptReader",
        "AttemptReason",
        "AttemptRecord",
        "AttemptTrace",
        "AttributeValue",
        "BadReason",
        "Batch",
        "BatchCall",
        "BatchOptions",
        "BatchProgress",
        "BatchResult",
        "BreakerEvent",
        "BreakerOptions",
        "BreakerReason",
        "BreakerState",
        "BudgetEvent",
        "BudgetOptions",
        "BudgetPeriod",
        "BudgetScope",
        "BudgetSnapshot",
        "CacheContext",
        "CacheOptions",
        "CacheSnapshot",
        "Call",
        "CallKey",
        "CallLedger",
        "CallRecord",
        "CallTrace",
        "CallTracer",
        "CanaryClass",
        "CanaryControl",
        "CanaryEventName",
        "CanaryEvents",
        "CanaryFetch",
        "CanaryOptions",
        "CanaryProperty",
        "Capabilities",
        "CheckName",
        "CheckResult",
        "CheckStatus",
        "Clock",
        "CompareResult",
        "Comparison",
        "ComparisonAspect",
        "Cost",
        "CostBreakdown",
        "CostDimension",
        "CostOf",
        "CostOfInput",
        "CostPeriod",
        "CostRate",
        "CostReport",
        "CostRow",
        "CostSource",
        "CostTotals",
        "CostsOptions",
        "DefaultAlertsOptions",
        "Delivery",
        "DialectChange",
        "Duration",
        "EstimateDrift",
        "ExplainOptions",
        "Explanation",
        "FailureKind",
        "FallbackEvent",
        "FallbackOptions",
        "FileStoreOptions",
        "Finding",
        "FindingName",
        "FreezeOptions",
        "GuardOptions",
        "GuardrailNumbers",
        "Health",
        "HedgeEvent",
        "HedgeOptions",
        "Json",
        "KeyContext",
        "KeySource",
        "Lease",
        "LimitsOptions",
        "LimitsSnapshot",
        "ListPrice",
        "Listener",
        "Logger",
        "MissingCost",
        "ModelPrice",
        "ModelSnapshot",
        "ModelWindowSnapshot",
        "OpenAIClass",
        "Outcome",
        "Params",
        "PartGrant",
        "PartRequest",
        "PartialAnswer",
        "Plan",
        "PlanReason",
        "Price",
        "PriceSource",
        "PriceTableVersion",
        "PricesOptions",
        "ProbeEvent",
        "ProbeOptions",
        "ProbeReport",
        "ProbedCapabilities",
        "ProviderName",
        "Quantiles",
        "QueueOptions",
        "Ranges",
        "RateLimitEvent",
        "ReadAnswer",
        "ReadToolCall",
        "ReportedPrices",
        "Requirement",
        "ResolvedRequirements",
        "RetryEvent",
        "RetryOptions",
        "RollbackCause",
        "RollbackEvent",
        "RolloutCause",
        "RolloutChangeEvent",
        "RolloutCommand",
        "RolloutControl",
        "RolloutDecision",
        "RolloutGuardOptions",
        "RolloutImprovement",
        "RolloutInStore",
        "RolloutNumbers",
        "RolloutOptions",
        "RolloutPhase",
        "RolloutPlanned",
        "RolloutReport",
        "RolloutRollbackEvent",
        "RolloutSnapshot",
        "RolloutState",
        "RolloutStep",
        "RolloutStepOptions",
        "RolloutVerb",
        "RolloutWait",
        "RouteOptions",
        "RuleRollbackEvent",
        "RunOptions",
        "SampleCounts",
        "SegmentCondition",
        "SegmentOptions",
        "ServiceTier",
        "Severity",
        "ShadowAdvice",
        "ShadowAnswer",
        "ShadowCall",
        "ShadowControl",
        "ShadowDropReason",
        "ShadowEvent",
        "ShadowOptions",
        "ShadowRaise",
        "ShadowSample",
        "ShadowSnapshot",
        "SkipReason",
        "Snapshot",
        "SourceBlock",
        "SpendLimit",
        "StepRequirements",
        "StepTraffic",
        "Store",
        "StoreAnswers",
        "StoreOptions",
        "StoreSnapshot",
        "StoredMessage",
        "StoredRolloutView",
        "StreamMode",
        "StreamOptions",
        "Surcharge",
        "Surface",
        "TaskContext",
        "TaskOptions",
        "TaskSnapshot",
        "TimeoutOptions",
        "TimeoutPhase",
        "Timer",
        "TracedAttempt",
        "TracedCall",
        "TracedPlan",
        "TrafficChange",
        "UpstreamOptions",
        "UpstreamPrice",
        "UpstreamSnapshot",
        "Usage",
        "WarningEvent",
        "WebhookOptions",
        "Weights",
        "WindowSnapshot",
      ],
      "values": [
        "BreakerOpenError",
        "BudgetExceededError",
        "CanaryClient",
        "CapabilityError",
        "ConfigError",
        "CostCapError",
        "DeadlineError",
        "RateLimitedError",
        "RolloutError",
        "StreamInterruptedError",
        "UnknownPriceError",
        "UpstreamTimeoutError",
        "costOf",
        "defaultAlerts",
        "fileStore",
        "memoryStore",
        "presets",
        "rolloutInStore",
        "route",
        "withCanary",
      ],
    }
  `);
});

test('the entry point for tests', () => {
  expect(listOf('testing/index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "Answer",
        "CollectedEvent",
        "CollectedEvents",
        "Defect",
        "ErrorDetail",
        "ErrorReply",
        "EventSource",
        "Fault",
        "FaultKind",
        "FinishReason",
        "Latency",
        "MockOptions",
        "MockReply",
        "Msw",
        "OpenAIHandlers",
        "OrderedFault",
        "Provider",
        "ProviderOptions",
        "ProviderSettings",
        "ReceivedRequest",
        "StoreSuiteOptions",
        "StoreUnderTest",
        "TokenCounts",
        "ToolCallAnswer",
        "UsageStyle",
        "WeightedError",
      ],
      "values": [
        "DEFECTS",
        "ManualClock",
        "collectEvents",
        "createHandlers",
        "errorReply",
        "runStoreSuite",
        "seededRandom",
        "startProvider",
      ],
    }
  `);
});

test('the entry point for Redis', () => {
  expect(listOf('redis/index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "IoRedisClient",
        "NodeRedisClient",
        "NodeRedisCluster",
        "RedisClient",
        "RedisStoreOptions",
      ],
      "values": [
        "redisStore",
      ],
    }
  `);
});

test('the entry point for Prometheus', () => {
  expect(listOf('prometheus/index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "EventSource",
        "ExportedClient",
        "MetricRegistry",
        "PrometheusExporter",
        "PrometheusExporterOptions",
        "StateSource",
      ],
      "values": [
        "prometheusExporter",
      ],
    }
  `);
});

test('the gateway entry point', () => {
  expect(listOf('gateway/index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "CallerOptions",
        "Gateway",
        "GatewayOptions",
        "ListenOptions",
        "Listening",
        "MetricsSource",
        "NodeHandler",
        "Peer",
        "Tokens",
      ],
      "values": [
        "createGateway",
      ],
    }
  `);
});

test('the entry point of the live page', () => {
  expect(listOf('dashboard/index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "Dashboard",
        "DashboardOptions",
        "DashboardPeer",
        "DashboardWish",
      ],
      "values": [
        "createDashboard",
        "createStoreDashboard",
      ],
    }
  `);
});

test('the entry point for OpenTelemetry', () => {
  expect(listOf('otel/index.ts')).toMatchInlineSnapshot(`
    {
      "types": [
        "ExportedClient",
        "OtelExporter",
        "OtelExporterOptions",
      ],
      "values": [
        "otelExporter",
      ],
    }
  `);
});

const ENTRY_POINTS = [
  'index.ts',
  'testing/index.ts',
  'redis/index.ts',
  'prometheus/index.ts',
  'gateway/index.ts',
  'dashboard/index.ts',
  'otel/index.ts',
];

describe.each(ENTRY_POINTS)('every name of %s', (entry) => {
  test.each(exportsOf(entry))('$name has a doc comment', ({ name, file }) => {
    const declarations = declarationsOf(join(dirname(join(SRC, entry)), file), name);
    expect(declarations.length).toBeGreaterThan(0);
    const comments = declarations.map((declaration) => ts.getJSDocCommentsAndTags(declaration).filter(ts.isJSDoc));
    expect(comments.filter((found) => found.length === 0)).toEqual([]);
  });
});

interface Exported {
  readonly name: string;
  readonly file: string;
  readonly isType: boolean;
}

/** The exported names, split into values and types. */
function listOf(entry: string): Readonly<Record<'values' | 'types', readonly string[]>> {
  const names = (isType: boolean) =>
    exportsOf(entry)
      .filter((exported) => exported.isType === isType)
      .map(({ name }) => name)
      .toSorted();
  return { values: names(false), types: names(true) };
}

/** The exports of an entry point, which may only consist of explicit lists of names. */
function exportsOf(entry: string): readonly Exported[] {
  return parse(join(SRC, entry)).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement))
      throw new Error(`${entry} should only have export lists, got ${statement.getText()}`);
    const { exportClause, moduleSpecifier, isTypeOnly } = statement;
    if (!exportClause || !ts.isNamedExports(exportClause) || !moduleSpecifier || !ts.isStringLiteral(moduleSpecifier)) {
      throw new Error(`${entry} should only have named exports, got ${statement.getText()}`);
    }
    const file = moduleSpecifier.text;
    return exportClause.elements.map((element) => ({
      name: element.name.text,
      file,
      isType: isTypeOnly || element.isTypeOnly,
    }));
  });
}

/** The exported declarations of a name. A class created by a function also has a type of that name. */
function declarationsOf(path: string, name: string): readonly ts.Statement[] {
  return parse(path).statements.filter((statement) => namesOf(statement).includes(name));
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  if (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  ) {
    return statement.name ? [statement.name.text] : [];
  }
  return [];
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}
