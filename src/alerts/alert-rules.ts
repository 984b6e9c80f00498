/** Alert rules: when a condition on a metric has held long enough, and when it is over. */

import type { Alert, AlertRule, AlertStatus } from '../domain/alert.ts';
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
  evaluate(nowMs: number, read: (rule: AlertRule) => MetricReading): readonly AlertChange[];
  /** Where each rule stands since the last look. */
  readonly statuses: readonly AlertStatus[];
}

/**
 * Rules that are all inactive. A rule goes inactive → pending → firing → inactive:
 *
 * - It is pending while its value is beyond its bound (strictly) with at least `minCalls` calls, and fires once that was
 *   seen throughout `forMs`. Whatever interrupts this, too few calls or no value as well, starts it over.
 * - It goes on firing until its value has come back to `clear`, with however few calls: when a rollback takes the traffic
 *   away, the calls that remain are still the evidence. A value that hovers about the bound fires once.
 * - It resolves at the first value that is at `clear` or better, or when there is no value left, which the alert then says
 *   by `null`.
 */
export function createAlertRules(rules: readonly AlertRule[]): AlertRules {
  const states = rules.map((rule) => ({ rule, state: INACTIVE }));
  return {
    evaluate(nowMs, read) {
      const changes: AlertChange[] = [];
      for (const entry of states) {
        const { rule, state } = entry;
        const reading = read(rule);
        entry.state = nextState(rule, state, reading, nowMs);
        const change = changeBetween(state, entry.state);
        if (change !== undefined) changes.push({ rule, alert: alertOf(rule, change, reading, nowMs) });
      }
      return changes;
    },
    get statuses() {
      return states.map(({ rule: { name, metric, upstream }, state }) => ({
        name,
        metric,
        upstream,
        phase: state.phase,
      }));
    },
  };
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
