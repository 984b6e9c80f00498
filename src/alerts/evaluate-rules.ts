/** Evaluates the alert rules: emits `alert` for each change, and rolls an upstream back where the rule says so. */

import type { Alert, AlertRule, AlertStatus } from '../domain/alert.ts';
import { threeDigits } from '../domain/format.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Emitter } from '../events/emitter.ts';
import type { Warnings } from '../events/warnings.ts';
import type { Traffic } from '../routing/traffic.ts';
import type { Clock } from '../time/clock.ts';
import { type MetricReading, readMetric } from './read-metric.ts';

export interface AlertWatchParts {
  readonly rules: readonly AlertRule[];
  readonly snapshot: () => Snapshot;
  readonly traffic: Traffic;
  /** Rolls back the rollout to `upstream`; returns `false` if no rollout leads there. */
  readonly rollouts?: { rollBackByRule(upstream: string, reason: string): boolean } | undefined;
  readonly emitter: Emitter;
  readonly warnings: Warnings;
  readonly clock: Clock;
}

/**
 * The longest time between two looks that counts as watched, in ms. After a longer gap the machine slept or the event loop was
 * blocked.
 */
const LONGEST_GAP_MS = 10_000;

export class AlertWatch {
  readonly #parts: AlertWatchParts;
  readonly #rules: AlertRules;
  #lookedAtMs: number;
  /** The clock of the rules: `for` counts watched time only. */
  #watchedMs = 0;

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
    this.#rules = new AlertRules(parts.rules);
    this.#lookedAtMs = parts.clock.now();
  }

  /** The phase of each rule at the last look. */
  get statuses(): readonly AlertStatus[] {
    return this.#rules.statuses;
  }

  /** Evaluates all rules once; emits `alert` for each that fires or resolves, and `rollback` for each rollback. */
  look(): void {
    const { snapshot, emitter, clock } = this.#parts;
    const nowMs = clock.now();
    // The clock of a user may be set back.
    this.#watchedMs += Math.max(0, Math.min(nowMs - this.#lookedAtMs, LONGEST_GAP_MS));
    this.#lookedAtMs = nowMs;
    const numbers = snapshot();
    const read = ({ metric, upstream }: AlertRule) => readMetric(metric, upstream, numbers);
    for (const { rule, alert: watched } of this.#rules.evaluate(this.#watchedMs, read)) {
      const alert = { ...watched, atMs: nowMs };
      emitter.emit('alert', alert);
      if (alert.state === 'firing' && rule.action === 'rollback') this.#rollback(rule, alert);
    }
  }

  #rollback({ name, metric, upstream, bound }: AlertRule, { value, calls, atMs }: Alert): void {
    const { traffic, rollouts, emitter, warnings } = this.#parts;
    // For the type checker: a rule with this action names an upstream, and a rule without a value does not fire.
    if (upstream === undefined || value === null) return;
    const limit = 'above' in bound ? `above ${bound.above}` : `below ${bound.below}`;
    const reason = `${name}: ${metric} ${threeDigits(value)} is ${limit} over ${calls} calls`;
    if (rollouts?.rollBackByRule(upstream, reason) || !traffic.reaches(upstream)) return;
    const change = traffic.rollback(upstream, reason, atMs);
    if (!change) {
      const message = `${reason}, but no other upstream can take over from ${upstream}`;
      // The numbers in the message differ each time, so the key of the warning leaves them out.
      warnings.once(`rollback: ${name}`, { code: 'rollback', message, atMs });
      return;
    }
    const { weightsBefore, weightsAfter } = change;
    const evidence = { rule: name, metric, value, bound, calls };
    emitter.emit('rollback', { upstream, reason, ...evidence, weightsBefore, weightsAfter, decidedHere: true, atMs });
  }
}

/** A rule that has just fired or resolved. */
export interface AlertChange {
  readonly rule: AlertRule;
  readonly alert: Alert;
}

/**
 * The rules and their phases. All rules start inactive; a rule goes inactive → pending → firing → inactive:
 *
 * - A rule is pending while its value is beyond its bound (strictly) with at least `minCalls` calls. It fires once that has held
 *   for `forMs`. A value within the bound, too few calls or no value make it inactive again.
 * - A rule fires until its value is back at `clear`, even with fewer than `minCalls` calls: after a rollback has taken the
 *   traffic away, the remaining calls are still the evidence. A value that hovers around the bound fires once.
 * - A rule resolves at the first value at `clear` or better, or when there is no value left. The alert then has the value `null`.
 */
export class AlertRules {
  readonly #entries: { readonly rule: AlertRule; state: RuleState }[];

  constructor(rules: readonly AlertRule[]) {
    this.#entries = rules.map((rule) => ({ rule, state: INACTIVE }));
  }

  /** The phase of each rule at the last evaluation. */
  get statuses(): readonly AlertStatus[] {
    return this.#entries.map(({ rule: { name, metric, upstream }, state: { phase } }) => ({
      name,
      metric,
      upstream,
      phase,
    }));
  }

  /**
   * Evaluates every rule once, reading its metric with `read`. Returns the changes in the order of the rules. Frequent
   * evaluation finds a change sooner, but never makes a rule fire or resolve twice.
   */
  evaluate(nowMs: number, read: (rule: AlertRule) => MetricReading): readonly AlertChange[] {
    const changes: AlertChange[] = [];
    for (const entry of this.#entries) {
      const { rule, state } = entry;
      const reading = read(rule);
      entry.state = nextState(rule, state, reading, nowMs);
      const change = changeBetween(state, entry.state);
      if (change !== undefined) changes.push({ rule, alert: alertOf(rule, change, reading, nowMs) });
    }
    return changes;
  }
}

type RuleState =
  | { readonly phase: 'inactive' }
  | { readonly phase: 'pending'; readonly sinceMs: number }
  | { readonly phase: 'firing' };

const INACTIVE: RuleState = { phase: 'inactive' };

function nextState(rule: AlertRule, state: RuleState, { value, calls }: MetricReading, nowMs: number): RuleState {
  if (value === null) return INACTIVE;
  if (state.phase === 'firing') return hasCleared(rule, value) ? INACTIVE : state;
  if (!isBeyond(rule, value) || calls < rule.minCalls) return INACTIVE;
  const sinceMs = state.phase === 'pending' ? state.sinceMs : nowMs;
  return nowMs - sinceMs >= rule.forMs ? { phase: 'firing' } : { phase: 'pending', sinceMs };
}

function isBeyond({ bound }: AlertRule, value: number): boolean {
  return 'above' in bound ? value > bound.above : value < bound.below;
}

function hasCleared({ bound, clear }: AlertRule, value: number): boolean {
  return 'above' in bound ? value <= clear : value >= clear;
}

function changeBetween(before: RuleState, after: RuleState): Alert['state'] | undefined {
  if (before.phase === after.phase) return undefined;
  if (after.phase === 'firing') return 'firing';
  return before.phase === 'firing' ? 'resolved' : undefined;
}

function alertOf(rule: AlertRule, state: Alert['state'], { value, calls }: MetricReading, nowMs: number): Alert {
  const { name, metric, upstream, bound, severity } = rule;
  return { name, state, metric, upstream, value, bound, calls, severity, atMs: nowMs };
}
