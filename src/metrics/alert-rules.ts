/** Alert rules: when a condition on a metric has held long enough, and when it is over. */

import type { Alert, AlertMetric, AlertRule } from '../domain/alert.ts';
import type { MetricReading } from './read-metric.ts';

/** A rule that has just fired or resolved. */
export interface AlertChange {
  readonly rule: AlertRule;
  readonly alert: Alert;
}

/** Rules, each with its state. */
export interface AlertRules {
  /**
   * Looks at every rule once, reading its metric with `read`, and returns what changed, in the order of the rules. The
   * more often it is called, the sooner a change is seen; it never makes a rule fire or resolve twice.
   */
  evaluate(
    nowMs: number,
    read: (metric: AlertMetric, upstream: string | undefined) => MetricReading,
  ): readonly AlertChange[];
}

/**
 * Rules that are all inactive. A rule goes inactive → pending → firing → inactive:
 *
 * - It is pending while its value is beyond its bound (strictly) with at least `minCalls` calls, and fires once that was
 *   seen throughout `forMs`. Whatever interrupts this, too few calls or no value as well, starts it over.
 * - It goes on firing while its value is beyond its bound, with however few calls: when a rollback takes the traffic
 *   away, the calls that remain are still the evidence.
 * - It resolves at the first value within its bound, or when there is no value left, which the alert then says by `null`.
 */
export function createAlertRules(rules: readonly AlertRule[]): AlertRules {
  const states = rules.map((rule) => ({ rule, state: INACTIVE }));
  return {
    evaluate(nowMs, read) {
      const changes: AlertChange[] = [];
      for (const entry of states) {
        const { rule, state } = entry;
        const reading = read(rule.metric, rule.upstream);
        entry.state = nextState(rule, state, reading, nowMs);
        const change = changeBetween(state, entry.state);
        if (change !== undefined) changes.push({ rule, alert: alertOf(rule, change, reading, nowMs) });
      }
      return changes;
    },
  };
}

type RuleState =
  | { readonly phase: 'inactive' }
  | { readonly phase: 'pending'; readonly sinceMs: number }
  | { readonly phase: 'firing' };

const INACTIVE: RuleState = { phase: 'inactive' };

function nextState(rule: AlertRule, state: RuleState, reading: MetricReading, nowMs: number): RuleState {
  const beyond = isBeyond(rule.bound, reading.value);
  if (state.phase === 'firing') return beyond ? state : INACTIVE;
  if (!beyond || reading.calls < rule.minCalls) return INACTIVE;
  const sinceMs = state.phase === 'pending' ? state.sinceMs : nowMs;
  return nowMs - sinceMs >= rule.forMs ? { phase: 'firing' } : { phase: 'pending', sinceMs };
}

function isBeyond(bound: AlertRule['bound'], value: number | null): boolean {
  if (value === null) return false;
  return 'above' in bound ? value > bound.above : value < bound.below;
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
