/** Reads the state of a client for one scrape: gauges from its snapshot, its rollouts and its alert rules. */

import type { RolloutPhase } from '../domain/rollout.ts';
import type { BreakerState } from '../domain/attempt.ts';
import type { Health, ShadowSnapshot, Snapshot, UpstreamSnapshot } from '../domain/snapshot.ts';
import type { BudgetSnapshot } from '../domain/usage.ts';
import type { StoreSnapshot } from '../domain/store.ts';
import type { AlertReport, RolloutReport, RolloutWait } from '../index.ts';
import { type LabelValues, METRICS, type MetricKey } from './metrics.ts';
import type { Sample } from './series.ts';

/** What a client says about itself. */
export interface StateSource {
  snapshot(): Snapshot;
  readonly rollouts: Readonly<Record<string, { readonly state: RolloutReport }>>;
  readonly alerts: AlertReport;
}

/** The samples of one scrape by metric. */
export type StateSamples = ReadonlyMap<MetricKey, readonly Sample[]>;

/** Adds a sample, unless the value is unknown. */
type Add = <Key extends MetricKey>(key: Key, value: number | null | undefined, ...labels: LabelValues<Key>) => void;

/** @param priceListsMs the days of the price lists in use by upstream */
export function readState(source: StateSource, priceListsMs: ReadonlyMap<string, number>): StateSamples {
  const samples = new Map<MetricKey, Sample[]>();
  const add: Add = (key, value, ...values) => {
    if (value === null || value === undefined || Number.isNaN(value)) return;
    const labels = Object.fromEntries(METRICS[key].labels.map((label, index) => [label, values[index] ?? '']));
    const known = samples.get(key);
    if (known) known.push({ labels, value });
    else samples.set(key, [{ labels, value }]);
  };
  const snapshot = source.snapshot();
  for (const [name, upstream] of Object.entries(snapshot.upstreams)) addUpstream(add, name, upstream, snapshot.atMs);
  for (const [name, dayMs] of priceListsMs) add('priceListTimestamp', dayMs / 1_000, name);
  for (const budget of snapshot.budgets) addBudget(add, budget);
  for (const { state } of Object.values(source.rollouts)) addRollout(add, state);
  for (const [name, shadow] of Object.entries(snapshot.shadow ?? {})) if (shadow) addShadow(add, name, shadow);
  addCache(add, snapshot);
  addStore(add, snapshot, Object.keys(source.rollouts));
  addAlerts(add, source.alerts);
  return samples;
}

const HEALTHS = namesOf<Health>({ healthy: 1, degraded: 1, down: 1, unknown: 1 });
const BREAKERS = namesOf<BreakerState['state']>({ closed: 1, open: 1, halfOpen: 1 });

function addUpstream(add: Add, name: string, upstream: UpstreamSnapshot, nowMs: number): void {
  const { weight, health, breaker, pausedUntilMs, uptime, quality, targetLatencyMs, limits } = upstream;
  add('weight', weight, name);
  for (const state of HEALTHS) add('health', Number(state === health), name, state);
  for (const state of BREAKERS) add('breaker', Number(state === breaker.state), name, state);
  add('pauseRemaining', Math.max(0, (pausedUntilMs ?? nowMs) - nowMs) / 1_000, name);
  add('uptime', uptime, name);
  add('quality', quality, name);
  if (targetLatencyMs !== undefined) add('targetLatency', targetLatencyMs / 1_000, name);
  add('limitInFlight', limits?.underWay, name);
  add('limitQueue', limits?.waiting, name);
  add('limitRequests', limits?.requests, name);
  add('limitTokens', limits?.tokens, name);
}

function addBudget(add: Add, budget: BudgetSnapshot): void {
  const { name, per, scope, limitUsd, spentUsd, reservedUsd, accounts, exhausted, resetsAtMs } = budget;
  const labels = [name, per, scope] as const;
  add('budgetLimit', limitUsd, ...labels);
  add('budgetSpent', spentUsd, ...labels);
  add('budgetReserved', reservedUsd, ...labels);
  add('budgetAmounts', accounts, ...labels);
  add('budgetExhausted', exhausted, ...labels);
  add('budgetReset', resetsAtMs / 1_000, ...labels);
}

const PHASES = namesOf<RolloutPhase>({ progressing: 1, paused: 1, promoted: 1, rolledBack: 1 });
const BLOCKERS = namesOf<RolloutWait['for']>({
  store: 1,
  resume: 1,
  retry: 1,
  hold: 1,
  freeze: 1,
  calls: 1,
  share: 1,
  service: 1,
  limits: 1,
  require: 1,
  guardrail: 1,
  evidence: 1,
  promote: 1,
});

function addRollout(add: Add, report: RolloutReport): void {
  const { upstream, phase, step, steps, waitsFor, guardrails, improvement } = report;
  for (const name of PHASES) add('rolloutPhase', Number(name === phase), upstream, name);
  add('rolloutStep', step + 1, upstream);
  add('rolloutSteps', steps, upstream);
  add('rolloutWeight', report.weight, upstream);
  add('rolloutActualShare', report.actualShare, upstream);
  add('rolloutShadowShare', report.shadowShare, upstream);
  add('rolloutHeld', report.heldMs / 1_000, upstream);
  for (const name of BLOCKERS) {
    add('rolloutBlocked', Number(waitsFor.some((wait) => wait.for === name)), upstream, name);
  }
  add('rolloutEvidence', report.evidence, upstream);
  for (const { guardrail, rollback, promotion } of guardrails) {
    add('rolloutRollbackEvidence', rollback, upstream, guardrail);
    add('rolloutPromotionEvidence', promotion, upstream, guardrail);
  }
  add('rolloutImprovement', improvement.latency, upstream, 'latency');
  add('rolloutImprovement', improvement.costPerCall, upstream, 'costPerCall');
  add('rolloutExposed', report.callsExposed, upstream);
  add('rolloutFailed', report.callsFailed, upstream);
  addSide(add, report, 'stable');
  addSide(add, report, 'canary');
}

/** The results are disjoint, so that their sum is the number of assigned samples. */
function addSide(add: Add, { upstream, ...report }: RolloutReport, side: 'stable' | 'canary'): void {
  const { good, bad, unjudged, heldBack, inFlight } = report.samples[side];
  const { errorRate, meanLatencyMs, costPerCallUsd, quality } = report[side];
  add('rolloutSamples', good, upstream, side, 'good', '');
  for (const [reason, count] of Object.entries(bad)) add('rolloutSamples', count, upstream, side, 'bad', reason);
  add('rolloutSamples', unjudged - heldBack, upstream, side, 'unjudged', '');
  add('rolloutSamples', heldBack, upstream, side, 'heldBack', '');
  add('rolloutSamples', inFlight, upstream, side, 'inFlight', '');
  add('rolloutErrorRate', errorRate, upstream, side);
  add('rolloutLatency', meanLatencyMs === null ? null : meanLatencyMs / 1_000, upstream, side);
  add('rolloutCost', costPerCallUsd, upstream, side);
  add('rolloutQuality', quality, upstream, side);
}

function addShadow(add: Add, name: string, { share, aspects, dropped, running, waiting }: ShadowSnapshot): void {
  add('shadowShare', share, name);
  for (const [aspect, mean] of Object.entries(aspects)) add('aspects', mean, name, aspect);
  for (const [reason, count] of Object.entries(dropped)) add('copiesDropped', count, name, reason);
  add('copiesInFlight', running, name);
  add('copiesQueued', waiting, name);
}

function addCache(add: Add, { cache }: Snapshot): void {
  add('cacheCalls', cache?.hits, 'hit');
  add('cacheCalls', cache?.joined, 'joined');
  add('cacheCalls', cache?.misses, 'miss');
  add('cacheEntries', cache?.entries);
  add('cacheBytes', cache?.bytes);
}

const STORE_STATES = namesOf<StoreSnapshot['state']>({ connecting: 1, connected: 1, slow: 1, away: 1 });

function addStore(add: Add, { store }: Snapshot, canaries: readonly string[]): void {
  if (!store) return;
  for (const state of STORE_STATES) add('storeState', Number(state === store.state), state);
  add('storePending', store.pending);
  add('storeUnsent', store.unsentSamples);
  add('storeLost', store.lostSamples);
  for (const canary of canaries) add('rolloutLeader', Number(store.leads.includes(canary)), canary);
}

/** Several rules may have one name. */
function addAlerts(add: Add, { rules }: AlertReport): void {
  const firing = new Map<string, boolean>();
  for (const { name, phase } of rules) firing.set(name, phase === 'firing' || firing.get(name) === true);
  for (const [name, isFiring] of firing) add('alertFiring', Number(isFiring), name);
}

/** The names of a union; the compiler reports a missing one. */
function namesOf<Name extends string>(names: Readonly<Record<Name, 1>>): readonly Name[] {
  return Object.keys(names) as Name[]; // the keys are those of the record
}
