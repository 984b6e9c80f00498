/** Looks at the alert rules and does what they say. */

import type { Alert, AlertRule, AlertStatus } from '../domain/alert.ts';
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
  /** Who takes back an upstream that is under a rollout. */
  readonly rollouts?: { rollBackByRule(upstream: string, reason: string): boolean } | undefined;
  readonly emitter: Emitter;
  readonly warnings: Warnings;
  readonly clock: Clock;
}

/** More time than this between two looks was not watched, in ms: the machine slept, or the event loop was blocked. */
const LONGEST_GAP_MS = 10_000;

export class AlertWatch {
  readonly #parts: AlertWatchParts;
  readonly #rules: AlertRules;
  #lookedAtMs: number;
  /** How long a condition must hold counts in time that was watched. */
  #watchedMs = 0;

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
    this.#rules = createAlertRules(parts.rules);
    this.#lookedAtMs = parts.clock.now();
  }

  /** Where each rule stood at the last look. */
  get statuses(): readonly AlertStatus[] {
    return this.#rules.statuses;
  }

  /** Looks once; emits `alert` for what fires or resolves, and `rollback` for what is rolled back. */
  look(): void {
    const { snapshot, emitter, clock } = this.#parts;
    const nowMs = clock.now();
    // A clock of the user's own may be set back.
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
    // A rule with this action names an upstream, and one without a value does not fire.
    if (upstream === undefined || value === null) return;
    const limit = 'above' in bound ? `above ${bound.above}` : `below ${bound.below}`;
    const reason = `${name}: ${metric} ${Number(value.toPrecision(3))} is ${limit} over ${calls} calls`;
    if (rollouts?.rollBackByRule(upstream, reason) || !traffic.weights[upstream]) return;
    const change = traffic.rollback(upstream, reason, atMs);
    if (!change) {
      const message = `${reason}, but no other upstream can take over from ${upstream}`;
      // Its numbers differ each time.
      warnings.once(`rollback: ${name}`, { code: 'rollback', message, atMs });
      return;
    }
    const { weightsBefore, weightsAfter } = change;
    const evidence = { rule: name, metric, value, bound, calls };
    emitter.emit('rollback', { upstream, reason, ...evidence, weightsBefore, weightsAfter, atMs });
  }
}

/* PART: Alert rules: when a condition on a metric has held long enough, and when it is over. */

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
